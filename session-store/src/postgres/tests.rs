use session_core::{Command, Outcome, Revision, Store as _};
use session_servers::skips;
use session_testkit::{key_of, moment_at, record_of};
use sqlx::PgConnection;

use super::*;
use crate::server::Lent;
use crate::server::tests::{
    a_broken_row_is_absent, a_broken_row_takes_no_place_in_a_list, a_sweep_holds_up_no_other_call,
    an_end_waits_for_a_replace, an_owner_with_many_sessions_is_listed_and_ended,
};
use crate::sql::tests::searching;

/// A server and a store on it; `None` where the server is not installed.
async fn start() -> Option<(session_servers::Postgres, PostgresStore)> {
    if skips("postgres::tests", &session_servers::Postgres::PROGRAMS) {
        return None;
    }
    let server = session_servers::Postgres::start().unwrap();
    let store = PostgresStore::open(server.url("postgres")).await.unwrap();
    Some((server, store))
}

/// 20,000 sessions, a tenth of which have expired, of 2,000 owners.
const FILL: &str = "\
    INSERT INTO session (key, revision, present, issued, closed, created, seen, expires, owner, \
    expiry, data) \
    SELECT decode(md5(n::text), 'hex'), n, '\\x00', 0, false, 0, 0, n % 10, \
    convert_to((n % 2000)::text, 'UTF8'), 'policy', '{}' FROM generate_series(1, 20000) AS n; \
    ANALYZE session";

#[tokio::test]
async fn no_statement_reads_the_whole_table() {
    let Some((server, store)) = start().await else {
        return;
    };
    server.run("postgres", FILL).unwrap();
    let mut record = record_of(1);
    record.owner = Some("7".into());
    let key = key_of(1);
    let mut texts: Vec<_> = searching(&store.0.store().statements, &key, &record)
        .into_iter()
        .map(|(text, _)| text)
        .collect();
    texts.push(&store.0.store().pool.server().sweep);
    for text in texts {
        let count = (1..40).filter(|n| text.contains(&format!("${n}"))).count();
        let arguments = match count {
            0 => String::new(),
            count => format!("({})", vec!["NULL"; count].join(", ")),
        };
        // The generic plan, which PostgreSQL uses after some executions.
        let explain = format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE q AS {text}; \
             EXPLAIN EXECUTE q{arguments}"
        );
        let plan = server.run("postgres", &explain).unwrap();
        assert!(plan.contains("Index"), "{text}:\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{text}:\n{plan}");
    }
}

/// 20,000 sessions of one owner, with 1 kB of data that can't be compressed.
const MANY: &str = "\
    INSERT INTO session (key, revision, present, issued, closed, created, seen, expires, owner, \
    expiry, data) \
    SELECT decode(md5(n::text), 'hex'), n, '\\x00', 0, false, n, 0, 9e15, 'many', 'policy', \
    (SELECT string_agg(decode(md5((n * m)::text), 'hex'), '') FROM generate_series(1, 64) AS m) \
    FROM generate_series(1, 20000) AS n; ANALYZE session";

#[tokio::test]
async fn many_sessions_of_one_owner_are_listed_by_page_and_ended() {
    let Some((server, store)) = start().await else {
        return;
    };
    server.run("postgres", MANY).unwrap();
    let statements = &store.0.store().statements;
    let key = "decode(md5('10000'), 'hex')";
    for (text, arguments) in [
        (&statements.devices, "'many', 0, 50, 0".to_owned()),
        (
            &statements.devices_from,
            format!("'many', 0, 10000, 10000, {key}, 50, 0"),
        ),
    ] {
        let explain = format!("PREPARE q AS {text}; EXPLAIN (ANALYZE) EXECUTE q({arguments})");
        let plan = server.run("postgres", &explain).unwrap();
        assert!(
            plan.contains("Index Scan Backward using session_devices"),
            "{plan}"
        );
        assert!(!plan.contains("Sort"), "{plan}");
        // The rows that the index leads to, and no more.
        assert!(plan.contains("rows=50 loops=1"), "{plan}");
        assert!(!plan.contains("Rows Removed"), "{plan}");
    }
    an_owner_with_many_sessions_is_listed_and_ended(store.0.store()).await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_takes_no_place_in_a_list() {
    if let Some((server, store)) = start().await {
        let run = |sql: &str| drop(server.run("postgres", sql).unwrap());
        let hex = |digits: &str| format!("'\\x{digits}'");
        a_broken_row_takes_no_place_in_a_list(store.0.store(), run, hex).await;
    }
}

#[tokio::test]
async fn a_row_that_makes_no_sense_is_absent() {
    if let Some((server, store)) = start().await {
        let run = |sql: &str| drop(server.run("postgres", sql).unwrap());
        a_broken_row_is_absent(store.0.store(), run, |digits| format!("'\\x{digits}'")).await;
    }
}

#[tokio::test]
async fn an_end_that_waits_for_a_replace_ends_the_replacement() {
    if let Some((server, store)) = start().await {
        let waiting = || {
            let count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
            let count = server.run("postgres", count).unwrap();
            count.trim().parse().unwrap()
        };
        an_end_waits_for_a_replace(store.0.store(), waiting).await;
    }
}

#[tokio::test]
async fn a_sweep_lets_others_sweep_and_write() {
    if let Some((_server, store)) = start().await {
        a_sweep_holds_up_no_other_call(store.0.store()).await;
    }
}

/// A pooler may send a prepared statement to a connection that does not know it.
#[tokio::test]
async fn a_write_that_was_surely_not_done_the_first_time_is_refused_like_any_other() {
    let Some((_server, store)) = start().await else {
        return;
    };
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    let stale = Command::Replace {
        key,
        expected: Revision::from_i64(7),
        record: &record_of(8),
    };
    for _ in 0..2 {
        let outcome = store.write(stale, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Refused);
        let forget = |mut connection: Lent<PgConnection>| async move {
            let done = sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *connection);
            let done = done.await;
            (connection, done)
        };
        store.0.store().pool.run("forget", forget).await.unwrap();
    }
}
