use session_core::{Record, Revision, Store as _};
use session_servers::skips;
use session_testkit::{key_of, moment_at, record_of};

use super::*;
use crate::sql::Server as _;

/// 20,000 sessions, a tenth of which have expired, of 2,000 owners.
const FILL: &str = "\
    INSERT INTO session (key, revision, public_id, created, seen, expires, owner, expiry, data, \
    previous, remembered) \
    SELECT sha256(n::text::bytea), n, '\\x00', 0, 0, n % 10, convert_to((n % 2000)::text, 'UTF8'), \
    'policy', '{}', CASE WHEN n % 5 = 0 THEN sha256((-n)::text::bytea) END, 5 \
    FROM generate_series(1, 20000) AS n; \
    ANALYZE session";

#[tokio::test]
async fn no_statement_reads_the_whole_table_and_a_broken_row_is_absent() {
    if skips("postgres::tests", &session_servers::Postgres::PROGRAMS) {
        return;
    }
    let server = session_servers::Postgres::start().unwrap();
    let store = PostgresStore::open(server.url("postgres")).await.unwrap();
    server.run("postgres", FILL).unwrap();
    let Statements {
        load,
        insert: _,
        replace,
        relocate,
        clear,
        touch,
        delete,
        sweep,
        devices,
        revoke_all,
        revoke_all_but,
        revoke_one,
        probe: _,
        unprobe,
    } = &store.0.statements;
    for text in [
        load,
        replace,
        relocate,
        clear,
        touch,
        delete,
        sweep,
        devices,
        revoke_all,
        revoke_all_but,
        revoke_one,
        unprobe,
    ] {
        let count = (1..20).filter(|n| text.contains(&format!("${n}"))).count();
        let arguments = match count {
            0 => String::new(),
            count => format!("({})", vec!["NULL"; count].join(", ")),
        };
        // The plan that is made for all values, as after some executions.
        let explain = format!(
            "SET plan_cache_mode = force_generic_plan; PREPARE q AS {text}; \
             EXPLAIN EXECUTE q{arguments}"
        );
        let plan = server.run("postgres", &explain).unwrap();
        assert!(plan.contains("Index"), "{text}:\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{text}:\n{plan}");
    }

    let key = &key_of(1);
    let id = format!("{:032}", 1);
    for (column, value) in [
        ("public_id", "'\\x01'"),
        ("expiry", "'never'"),
        ("owner", "'\\xff'"),
        ("created", "9223372036854775807"),
    ] {
        let broken = format!(
            "DELETE FROM session; INSERT INTO session (key, revision, public_id, created, seen, \
             expires, owner, expiry, data) VALUES (sha256('{id}'), 1, decode(repeat('00', 16), \
             'hex'), 0, 0, 9000000000000000, 'ada', 'policy', '\\xff')"
        );
        server.run("postgres", &broken).unwrap();
        let found = store.load(key, moment_at(0)).await.unwrap();
        // Data that is no text is for the core to deal with.
        assert_eq!(&*found.unwrap().record().data, "");
        let update = format!("UPDATE session SET {column} = {value}");
        server.run("postgres", &update).unwrap();
        assert_eq!(store.load(key, moment_at(0)).await.unwrap(), None);
    }
}

/// What ends a session comes upon it while another has moved it and not yet committed.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_move_ends_what_was_moved() {
    if skips("postgres::tests", &session_servers::Postgres::PROGRAMS) {
        return;
    }
    let server = session_servers::Postgres::start().unwrap();
    let store = PostgresStore::open(server.url("postgres")).await.unwrap();
    let statements = &store.0.statements;
    let record = |number, expires| Record {
        owner: Some("ada".into()),
        expires: moment_at(expires),
        ..record_of(number)
    };
    for round in 0..6 {
        let (old, new) = (key_of(2 * round), key_of(2 * round + 1));
        let insert = Command::Insert {
            key: &old,
            record: &record(1, 100),
        };
        store.write(insert, moment_at(0)).await.unwrap();
        let mut elsewhere = store.0.pool.server().connect().await.unwrap();
        let mut transaction = elsewhere.begin().await.unwrap();
        let replace = Command::Replace {
            key: &old,
            expected: Revision::from_i64(1),
            with: &new,
            // Shorter or longer, it changes its place in the index.
            record: &record(2, if round < 3 { 50 } else { 150 }),
            remembered: moment_at(10),
        };
        let now = to_micros(moment_at(0));
        let moved = statements.write(&mut transaction, replace, now).await;
        assert_eq!(moved.unwrap(), 1);
        let shared = store.clone();
        let ended = tokio::spawn(async move {
            match round % 3 {
                0 => {
                    let delete = Command::Delete { key: &old };
                    shared.write(delete, moment_at(0)).await.map(drop)
                }
                1 => {
                    let count = shared.revoke("ada", Revoke::All, moment_at(0)).await;
                    count.map(|count| assert_eq!(count, 1))
                }
                _ => {
                    // This one is refused, and leaves what was moved alone.
                    let touch = Command::Touch {
                        key: &old,
                        expected: Revision::from_i64(1),
                        seen: moment_at(1),
                        expires: moment_at(200),
                    };
                    let touched = shared.write(touch, moment_at(0)).await;
                    touched.map(|outcome| assert_eq!(outcome, Outcome::Refused))
                }
            }
        });
        while server.run("postgres", WAITING).unwrap().trim() == "0" {
            assert!(!ended.is_finished(), "round {round} did not wait");
        }
        transaction.commit().await.unwrap();
        ended.await.unwrap().unwrap();
        let left = usize::from(round % 3 == 2);
        let devices = store.devices("ada", moment_at(0)).await.unwrap();
        assert_eq!(devices.len(), left, "round {round}");
        for key in [old, new] {
            let found = store.load(&key, moment_at(0)).await.unwrap();
            assert_eq!(found.is_some(), left == 1, "round {round}");
        }
        store
            .revoke("ada", Revoke::All, moment_at(0))
            .await
            .unwrap();
    }
}

/// One process is in the middle of a sweep; another one sweeps, and there are requests.
#[tokio::test]
async fn a_sweep_keeps_nobody_waiting() {
    if skips("postgres::tests", &session_servers::Postgres::PROGRAMS) {
        return;
    }
    let server = session_servers::Postgres::start().unwrap();
    let store = PostgresStore::open(server.url("postgres")).await.unwrap();
    for number in 0..30 {
        let record = &Record {
            expires: moment_at(number),
            ..record_of(1)
        };
        let key = &key_of(u64::try_from(number).unwrap());
        let insert = Command::Insert { key, record };
        store.write(insert, moment_at(-1)).await.unwrap();
    }
    let mut elsewhere = store.0.pool.server().connect().await.unwrap();
    let mut transaction = elsewhere.begin().await.unwrap();
    let now = to_micros(moment_at(19));
    let statements = &store.0.statements;
    let swept = statements.sweep(&mut transaction, i64::MIN, now, 8).await;
    assert_eq!(swept.unwrap(), (8, Some(to_micros(moment_at(7)))));

    // Whoever waited would wait until the time is up.
    assert_eq!(store.sweep(moment_at(19), 8).await.unwrap(), 8);
    assert_eq!(store.sweep(moment_at(19), 8).await.unwrap(), 4);
    for number in 20..30 {
        let (key, record) = (&key_of(number), &record_of(1));
        let replace = Command::Replace {
            key,
            expected: Revision::from_i64(1),
            with: &key_of(100 + number),
            record,
            remembered: moment_at(30),
        };
        let replaced = store.write(replace, moment_at(19)).await.unwrap();
        assert_eq!(replaced, Outcome::Applied);
        let key = &key_of(200 + number);
        let insert = Command::Insert { key, record };
        let inserted = store.write(insert, moment_at(19)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
    }
    // Nor does what it has begun to remove come back with it.
    assert_eq!(store.load(&key_of(0), moment_at(19)).await.unwrap(), None);
    transaction.rollback().await.unwrap();
    assert_eq!(store.sweep(moment_at(19), 100).await.unwrap(), 8);
}

/// As behind a pooler, which gives a statement to a connection that does not know it.
#[tokio::test]
async fn a_write_that_was_surely_not_done_the_first_time_is_refused_like_any_other() {
    if skips("postgres::tests", &session_servers::Postgres::PROGRAMS) {
        return;
    }
    let server = session_servers::Postgres::start().unwrap();
    let store = PostgresStore::open(server.url("postgres")).await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    let stale = Command::Replace {
        key,
        expected: Revision::from_i64(7),
        with: key,
        record: &record_of(8),
        remembered: moment_at(0),
    };
    for _ in 0..2 {
        let outcome = store.write(stale, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Refused);
        let forget = |mut connection: PgConnection| async move {
            let done = sqlx::raw_sql("DEALLOCATE ALL").execute(&mut connection);
            let done = done.await;
            (connection, done)
        };
        store.0.pool.run("forget", forget).await.unwrap();
    }
}

/// Counts those that wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
