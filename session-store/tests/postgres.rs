//! The PostgreSQL store passes the suite on a real server, and bears what happens to servers.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "postgres")]

mod servers;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use session_core::{Command, Outcome, Policy, Sessions, Store};
use session_servers::{FaultProxy, Postgres, certify, skips};
use session_store::{Notify, PostgresOptions, PostgresStore};
use session_testkit::{digest_of, key_of, moment_at, record_of, store_suite};

use self::servers::{costs, outages, processes, races};

/// The server of all tests that do it no harm.
static SERVER: LazyLock<Postgres> = LazyLock::new(|| Postgres::start().unwrap());

fn is_missing(test: &str) -> bool {
    skips(test, &Postgres::PROGRAMS)
}

fn fresh_url() -> String {
    SERVER.url(&SERVER.database().unwrap())
}

async fn passes(name: &str, url: &str) {
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = PostgresOptions::new(url).table(table).connections(20);
        Arc::new(PostgresStore::open_with(options).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_passes_the_suite() {
    if !is_missing("postgres_passes_the_suite") {
        passes("postgres", &fresh_url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_passes_the_suite_wherever_it_stands_and_however_it_isolates() {
    if is_missing("postgres_passes_the_suite_wherever_it_stands") {
        return;
    }
    let database = SERVER.database().unwrap();
    for setting in [
        "timezone = 'America/New_York'",
        "datestyle = 'German'",
        "default_transaction_isolation = 'serializable'",
        "bytea_output = 'escape'",
        "standard_conforming_strings = off",
    ] {
        let alter = format!("ALTER DATABASE {database} SET {setting}");
        SERVER.run(&database, &alter).unwrap();
    }
    passes("postgres, serializable, New York", &SERVER.url(&database)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_lose_nothing_and_revive_nothing() {
    let test = "eight_processes_lose_nothing_and_revive_nothing";
    if is_missing(test) {
        return;
    }
    let url = if processes::is_worker() {
        String::new()
    } else {
        fresh_url()
    };
    processes::race(test, &url, async |url| {
        Arc::new(PostgresStore::open(url).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_an_error_until_it_is_back_and_loses_nothing() {
    if is_missing("a_killed_server") {
        return;
    }
    let server = std::sync::Mutex::new(Postgres::start().unwrap());
    let url = server.lock().unwrap().url("postgres");
    let options = PostgresOptions::new(url).timeout(outages::TIMEOUT);
    let store = PostgresStore::open_with(options).await.unwrap();
    let kill = || server.lock().unwrap().kill();
    let restart = || server.lock().unwrap().restart().unwrap();
    outages::kill_under_load(Arc::new(store), kill, restart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_nobody_up_for_long() {
    if is_missing("a_frozen_server") {
        return;
    }
    let server = Postgres::start().unwrap();
    let options = PostgresOptions::new(server.url("postgres")).timeout(outages::TIMEOUT);
    let store = PostgresStore::open_with(options).await.unwrap();
    let freeze = || server.freeze().unwrap();
    outages::freeze(Arc::new(store), freeze, || server.thaw().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_secure_if_the_url_says_so() {
    let programs = [&Postgres::PROGRAMS[..], &["openssl"]].concat();
    if skips("a_connection_is_secure_if_the_url_says_so", &programs) {
        return;
    }
    let server = Postgres::start_tls().unwrap();
    let url = |authority: &Path| {
        let url = server.url("postgres");
        format!(
            "{url}?sslmode=verify-full&sslrootcert={}",
            authority.display()
        )
    };
    let store = PostgresStore::open(url(&server.certificate()))
        .await
        .unwrap();
    store.check().await.unwrap();
    // Nobody whom this client trusts vouches for the server.
    let folder = tempfile::tempdir().unwrap();
    let other = certify(folder.path()).unwrap();
    let error = PostgresStore::open(url(&other)).await.unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(&format!("127.0.0.1:{}", server.port())),
        "{message}"
    );
    assert!(message.contains("no secure connection"), "{message}");
    let whole = format!("{error:?}");
    assert!(!whole.contains("throw-away-password"), "{whole}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_done_once_although_the_connection_breaks() {
    if !is_missing("a_write_is_done_once_although_the_connection_breaks") {
        let proxy = FaultProxy::to(SERVER.port()).unwrap();
        let [direct, other] = [SERVER.port(), proxy.port()].map(|port| format!(":{port}/"));
        let url = fresh_url().replace(&direct, &other);
        let store = PostgresStore::open(url).await.unwrap();
        outages::cut(Arc::new(store), &proxy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_while_it_is_replaced_is_gone() {
    if !is_missing("what_is_ended_while_it_is_replaced") {
        let store = PostgresStore::open(fresh_url()).await.unwrap();
        races::an_end_wins_against_a_replace(Arc::new(store)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sweeps_at_a_time_remove_what_has_expired() {
    if !is_missing("several_sweeps_at_a_time") {
        let store = PostgresStore::open(fresh_url()).await.unwrap();
        races::sweeps_share_the_work(Arc::new(store)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_disturbs_no_other() {
    if !is_missing("a_call_that_is_given_up") {
        let store = PostgresStore::open(fresh_url()).await.unwrap();
        outages::give_up(Arc::new(store)).await;
    }
}

#[tokio::test]
async fn a_connection_that_was_cut_while_it_was_idle_is_not_noticed() {
    if is_missing("a_connection_that_was_cut") {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = PostgresStore::open(SERVER.url(&database)).await.unwrap();
    for number in 0..5 {
        let (key, record) = (&key_of(number), &record_of(1));
        let insert = Command::Insert { key, record };
        let outcome = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        let cut = format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
             WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        );
        assert_eq!(SERVER.run("postgres", &cut).unwrap().trim(), "t");
        let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
        assert_eq!(found, Some(record_of(1)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_make_the_table_at_once() {
    if is_missing("many_may_make_the_table") {
        return;
    }
    for _ in 0..5 {
        let url = fresh_url();
        let stores: Vec<_> = (0..8)
            .map(|_| tokio::spawn(PostgresStore::open(url.clone())))
            .collect();
        for store in stores {
            let store = store.await.unwrap().unwrap();
            store.migrate().await.unwrap();
            store.check().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_user_who_may_create_nothing_uses_a_table_that_is_there() {
    if is_missing("a_user_who_may_create_nothing") {
        return;
    }
    let database = SERVER.database().unwrap();
    let role = format!("{database}_user");
    let make = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'p'; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    );
    SERVER.run(&database, &make).unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("postgres://{role}:p@{host}");
    let refusal = PostgresStore::open(&url).await.unwrap_err().to_string();
    assert!(refusal.contains("lacks a privilege"), "{refusal}");

    let schema = include_str!("../migrations/postgres.sql");
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON session TO";
    let ready = format!("{schema}; {grant} {role}");
    SERVER.run(&database, &ready).unwrap();
    let store = PostgresStore::open(&url).await.unwrap();
    store.check().await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(store.sweep(moment_at(100), 10).await.unwrap(), 1);
}

#[tokio::test]
async fn a_table_that_is_not_ours_is_refused_and_left_alone() {
    if is_missing("a_table_that_is_not_ours") {
        return;
    }
    let database = SERVER.database().unwrap();
    let no_unique_key = include_str!("../migrations/postgres.sql").replace(" PRIMARY KEY", "");
    for foreign in [
        "CREATE TABLE session (id int)",
        "CREATE TABLE session (key bytea, data bytea)",
        &no_unique_key,
    ] {
        SERVER.run(&database, foreign).unwrap();
        let error = PostgresStore::open(SERVER.url(&database)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("was not made by"), "{error}");
        assert!(error.contains("\"session\""), "{error}");
        SERVER.run(&database, "DROP TABLE session").unwrap();
    }
}

#[tokio::test]
async fn every_name_that_is_accepted_works() {
    if is_missing("every_name") {
        return;
    }
    let database = SERVER.database().unwrap();
    let long = "x".repeat(63);
    SERVER
        .run(
            &database,
            "CREATE SCHEMA \"Web\"; CREATE TABLE \"Web\".session (n int)",
        )
        .unwrap();
    for (schema, table) in [
        (None, "select"),
        (None, "Mixed_Case"),
        (None, "_"),
        (None, &*long),
        (Some("Web"), "order"),
        (Some("Web"), &*long),
    ] {
        let mut options = PostgresOptions::new(SERVER.url(&database)).table(table);
        if let Some(schema) = schema {
            options = options.schema(schema);
        }
        for _ in 0..2 {
            let store = PostgresStore::open_with(options.clone()).await.unwrap();
            store.check().await.unwrap();
        }
    }
    // The other schema's table of that name is not in the way.
    PostgresStore::open(SERVER.url(&database)).await.unwrap();
    let options = PostgresOptions::new(SERVER.url(&database)).schema("missing");
    let error = PostgresStore::open_with(options).await.unwrap_err();
    assert!(error.to_string().contains("create the schema"), "{error}");
    let options = PostgresOptions::new(SERVER.url(&database)).table("a\"b");
    assert!(PostgresStore::open_with(options).await.is_err());
}

#[tokio::test]
async fn errors_name_the_server_and_no_password() {
    if is_missing("errors_name_the_server") {
        return;
    }
    let port = SERVER.port();
    for (url, says) in [
        (
            format!("postgres://postgres:hunter2@127.0.0.1:{port}/postgres"),
            "does not accept the user or the password",
        ),
        (SERVER.url("missing"), "create the database first"),
        (
            "postgres://postgres:hunter2@127.0.0.1:1/postgres".to_owned(),
            "can't be reached",
        ),
    ] {
        let error = PostgresStore::open(&url).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says), "{text}");
        let (_, rest) = url.split_once('@').unwrap();
        let (address, database) = rest.split_once('/').unwrap();
        assert!(text.contains(address), "{text}");
        assert!(text.contains(&format!("{database:?}")), "{text}");
        let texts = format!("{text} {error:?} {:?}", PostgresOptions::new(&url));
        assert!(!texts.contains("hunter2"), "{texts}");
        assert!(!texts.contains("throw-away"), "{texts}");
    }
}

#[tokio::test]
async fn each_request_costs_the_server_as_few_statements_as_can_be() {
    if is_missing("each_request_costs") {
        return;
    }
    // Whatever is told is part of the statement that writes.
    for notify in [Notify::Nothing, Notify::Ends, Notify::Changes] {
        let database = SERVER.database().unwrap();
        let log = format!("ALTER DATABASE {database} SET log_statement = 'all'");
        SERVER.run("postgres", &log).unwrap();
        // Of no other database are statements logged.
        let options = PostgresOptions::new(SERVER.url(&database)).notify(notify);
        let store = PostgresStore::open_with(options).await.unwrap();
        let sessions = Sessions::new(Policy::default(), store);
        costs::are_few(&sessions, || {
            let log = SERVER.log();
            let lines = log.lines().filter(|line| {
                // A transaction around one of them would show as well.
                line.contains("LOG:  execute") || line.contains("LOG:  statement: ")
            });
            lines.map(ToOwned::to_owned).collect()
        })
        .await;
    }
}

#[tokio::test]
async fn a_closed_store_fails_and_says_why() {
    if is_missing("a_closed_store") {
        return;
    }
    let store = PostgresStore::open(fresh_url()).await.unwrap();
    let other = store.clone();
    store.close().await;
    let error = other.check().await.unwrap_err();
    assert!(error.to_string().contains("was closed"), "{error}");
}
