use std::sync::Arc;

use session_core::{Command, Outcome, Store, to_micros};
use session_servers::{Postgres, skips};
use session_store::{PostgresOptions, PostgresStore};
use session_testkit::key_of;

use crate::sweeps::{Scale, live, now, scale, sweeps};
use crate::{PROCESSES, SERIAL, live_keys};

/// Copies the only session to live ones, with expired ones in between.
fn fill(server: &Postgres, Scale { expired, live, .. }: Scale) {
    let (all, every) = (expired + live, (expired + live) / live);
    let now = to_micros(now());
    let run = |sql: &str| server.run("postgres", sql).unwrap();
    run("CREATE TABLE live (number bigint PRIMARY KEY, key bytea)");
    for rows in live_keys(live, |digits| format!("'\\x{digits}'")) {
        run(&format!("INSERT INTO live VALUES {rows}"));
    }
    run(&format!(
        "CREATE TEMPORARY TABLE pattern AS SELECT * FROM session; DELETE FROM session; \
         INSERT INTO session (key, revision, present, issued, closed, created, seen, expires, \
         owner, expiry, data) \
         SELECT coalesce(live.key, decode(md5(n::text), 'hex')), revision, present, issued, \
         closed, created, seen, \
         CASE WHEN number IS NULL THEN {now} - {all} + n - n * 7919 % 100003 ELSE expires END, \
         CASE WHEN number IS NULL AND n % 2 = 0 THEN convert_to((n % 50000)::text, 'UTF8') END, \
         expiry, data FROM pattern CROSS JOIN generate_series(0, {all}::bigint - 1) AS n \
         LEFT JOIN live ON n = number * {every} ORDER BY n; \
         DROP TABLE live; ANALYZE session"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_swept_under_traffic() {
    if skips("postgres_is_swept_under_traffic", &Postgres::PROGRAMS) {
        return;
    }
    let _serial = SERIAL.lock().await;
    let scale = scale(10_000);
    let server = Postgres::start().unwrap();
    let mut stores: Vec<Arc<dyn Store>> = Vec::new();
    for _ in 0..PROCESSES {
        let store =
            PostgresStore::open_with(PostgresOptions::new(server.url("postgres")).no_sweep())
                .await
                .unwrap();
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
