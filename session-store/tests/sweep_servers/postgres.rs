use std::sync::Arc;

use session_core::{Command, Outcome, Store, to_micros};
use session_servers::{Postgres, skips};
use session_store::PostgresStore;
use session_testkit::key_of;

use crate::sweeps::{Scale, live, now, scale, sweeps};
use crate::{PROCESSES, TURN};

/// Makes the live sessions from one that is there, and the expired ones in between.
fn fill(server: &Postgres, Scale { expired, live, .. }: Scale) {
    let (all, every) = (expired + live, (expired + live) / live);
    let now = to_micros(now());
    let sql = format!(
        "CREATE TEMPORARY TABLE pattern AS SELECT * FROM session; DELETE FROM session; \
         INSERT INTO session (key, revision, public_id, created, seen, expires, owner, expiry, data) \
         SELECT sha256(convert_to(CASE WHEN is_live THEN lpad((n / {every})::text, 32, '0') \
         ELSE 'expired ' || n END, 'UTF8')), revision, public_id, created, seen, \
         CASE WHEN is_live THEN expires ELSE {now} - {all} + n - n * 7919 % 100003 END, \
         CASE WHEN NOT is_live AND n % 2 = 0 THEN convert_to((n % 50000)::text, 'UTF8') END, \
         expiry, data FROM (SELECT *, n % {every} = 0 AND n < {live} * {every} AS is_live \
         FROM generate_series(0, {all}::bigint - 1) AS n, pattern) AS numbered; \
         ANALYZE session"
    );
    server.run("postgres", &sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_swept_under_traffic() {
    if skips("postgres_is_swept_under_traffic", &Postgres::PROGRAMS) {
        return;
    }
    let _turn = TURN.lock().await;
    let scale = scale(10_000);
    let server = Postgres::start().unwrap();
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..PROCESSES {
        let store = PostgresStore::open(server.url("postgres")).await.unwrap();
        stores.push(Arc::new(store));
    }
    let (key, record) = (&key_of(0), &live());
    let insert = Command::Insert { key, record };
    let inserted = stores[0].write(insert, now()).await.unwrap();
    assert_eq!(inserted, Outcome::Applied);
    fill(&server, scale);
    sweeps("postgres", stores, scale).await;
    let left = server.run("postgres", "SELECT count(*) FROM session");
    assert_eq!(left.unwrap().trim(), scale.live.to_string());
}
