use std::sync::Arc;

use session_core::{Command, Outcome, Store, to_micros};
use session_servers::{Mariadb, skips};
use session_store::{MysqlOptions, MysqlStore};
use session_testkit::key_of;

use crate::sweeps::{Scale, live, now, scale, sweeps};
use crate::{PROCESSES, SERIAL, live_keys};

/// Copies the only session to live ones, with expired ones in between.
fn fill(server: &Mariadb, Scale { expired, live, .. }: Scale) {
    let (all, every) = (expired + live, (expired + live) / live);
    let now = to_micros(now());
    let run = |sql: &str| server.run("test", sql).unwrap();
    run("CREATE TABLE live (number BIGINT PRIMARY KEY, `key` VARBINARY(40))");
    for rows in live_keys(live, |digits| format!("x'{digits}'")) {
        run(&format!("INSERT INTO live VALUES {rows}"));
    }
    run(&format!(
        "CREATE TEMPORARY TABLE pattern AS SELECT * FROM session; DELETE FROM session; \
         INSERT INTO session (`key`, revision, present, issued, closed, created, seen, expires, \
         owner, expiry, data) \
         SELECT IFNULL(live.`key`, UNHEX(MD5(seq))), revision, present, issued, closed, created, \
         seen, IF(number IS NULL, {now} - {all} + seq - seq * 7919 % 100003, expires), \
         IF(number IS NULL AND seq % 2 = 0, seq % 50000, NULL), expiry, data \
         FROM pattern JOIN seq_0_to_{} LEFT JOIN live ON seq % {every} = 0 \
         AND number = seq DIV {every} ORDER BY seq; \
         DROP TABLE live; ANALYZE TABLE session",
        all - 1
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_is_swept_under_traffic() {
    if skips("mysql_is_swept_under_traffic", &Mariadb::PROGRAMS) {
        return;
    }
    let _serial = SERIAL.lock().await;
    let scale = scale(10_000);
    let server = Mariadb::start().unwrap();
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..PROCESSES {
        let store = MysqlStore::open_with(MysqlOptions::new(server.url("test")).no_sweep())
            .await
            .unwrap();
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
