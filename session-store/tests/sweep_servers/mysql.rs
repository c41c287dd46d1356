use std::sync::Arc;

use session_core::{Command, Outcome, Store, to_micros};
use session_servers::{Mariadb, skips};
use session_store::MysqlStore;
use session_testkit::key_of;

use crate::sweeps::{Scale, live, now, scale, sweeps};
use crate::{PROCESSES, TURN};

/// Makes the live sessions from one that is there, and the expired ones in between.
fn fill(server: &Mariadb, Scale { expired, live, .. }: Scale) {
    let (all, every) = (expired + live, (expired + live) / live);
    let now = to_micros(now());
    let sql = format!(
        "CREATE TEMPORARY TABLE pattern AS SELECT * FROM session; DELETE FROM session; \
         INSERT INTO session (`key`, revision, public_id, created, seen, expires, owner, expiry, data) \
         SELECT UNHEX(SHA2(IF(is_live, LPAD(seq DIV {every}, 32, '0'), CONCAT('expired ', seq)), 256)), \
         revision, public_id, created, seen, IF(is_live, expires, {now} - {all} + seq - seq * 7919 % 100003), \
         IF(NOT is_live AND seq % 2 = 0, seq % 50000, NULL), expiry, data \
         FROM (SELECT *, seq % {every} = 0 AND seq < {live} * {every} AS is_live \
         FROM seq_0_to_{}, pattern) AS numbered; \
         ANALYZE TABLE session",
        all - 1
    );
    server.run("test", &sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_is_swept_under_traffic() {
    if skips("mysql_is_swept_under_traffic", &Mariadb::PROGRAMS) {
        return;
    }
    let _turn = TURN.lock().await;
    let scale = scale(10_000);
    let server = Mariadb::start().unwrap();
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..PROCESSES {
        let store = MysqlStore::open(server.url("test")).await.unwrap();
        stores.push(Arc::new(store));
    }
    let (key, record) = (&key_of(0), &live());
    let insert = Command::Insert { key, record };
    let inserted = stores[0].write(insert, now()).await.unwrap();
    assert_eq!(inserted, Outcome::Applied);
    fill(&server, scale);
    sweeps("mysql", stores, scale).await;
    let left = server.run("test", "SELECT count(*) FROM session");
    assert_eq!(left.unwrap().trim(), scale.live.to_string());
}
