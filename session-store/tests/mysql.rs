//! The MySQL store passes the suite on a real server, and bears what happens to servers.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "mysql")]

mod servers;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use session_core::{Command, Outcome, Policy, Sessions, Store};
use session_servers::{FaultProxy, Mariadb, certify, skips};
use session_store::{MysqlOptions, MysqlStore};
use session_testkit::{digest_of, key_of, moment_at, record_of, store_suite};

use self::servers::{costs, outages, processes, races};

/// The server of all tests that do it no harm.
static SERVER: LazyLock<Mariadb> = LazyLock::new(|| Mariadb::start().unwrap());

fn is_missing(test: &str) -> bool {
    skips(test, &Mariadb::PROGRAMS)
}

fn fresh_url() -> String {
    SERVER.url(&SERVER.database().unwrap())
}

async fn passes(name: &str, url: &str) {
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = MysqlOptions::new(url).table(table).connections(20);
        Arc::new(MysqlStore::open_with(options).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_passes_the_suite() {
    if !is_missing("mysql_passes_the_suite") {
        passes("mysql", &fresh_url()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mysql_passes_the_suite_whatever_the_servers_defaults_are() {
    if is_missing("mysql_passes_the_suite_whatever") {
        return;
    }
    let server = Mariadb::start().unwrap();
    let database = server.database().unwrap();
    for (name, defaults) in [
        (
            "mariadb, ANSI, serializable",
            "SET GLOBAL sql_mode = 'ANSI,PAD_CHAR_TO_FULL_LENGTH', GLOBAL autocommit = 0, \
             GLOBAL tx_isolation = 'SERIALIZABLE', GLOBAL time_zone = '-05:00'",
        ),
        (
            "mariadb, lenient, read committed",
            "SET GLOBAL sql_mode = '', GLOBAL autocommit = 1, \
             GLOBAL tx_isolation = 'READ-COMMITTED', GLOBAL collation_server = 'latin1_swedish_ci'",
        ),
    ] {
        server.run(&database, defaults).unwrap();
        let fresh = server.database().unwrap();
        passes(name, &server.url(&fresh)).await;
    }
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_not_cut_off() {
    if is_missing("what_does_not_fit") {
        return;
    }
    let store = MysqlStore::open(fresh_url()).await.unwrap();
    let mut record = record_of(1);
    record.owner = Some("o".repeat(256).into());
    let insert = Command::Insert {
        key: &key_of(1),
        record: &record,
    };
    let error = store.write(insert, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("more than 255 bytes"), "{error}");
    let found = store.load(&key_of(1), &digest_of(0), moment_at(0)).await;
    assert_eq!(found.unwrap(), None);
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
        Arc::new(MysqlStore::open(url).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_an_error_until_it_is_back_and_loses_nothing() {
    if is_missing("a_killed_server") {
        return;
    }
    let server = std::sync::Mutex::new(Mariadb::start().unwrap());
    let url = server.lock().unwrap().url("test");
    let options = MysqlOptions::new(url).timeout(outages::TIMEOUT);
    let store = MysqlStore::open_with(options).await.unwrap();
    let kill = || server.lock().unwrap().kill();
    let restart = || server.lock().unwrap().restart().unwrap();
    outages::kill_under_load(Arc::new(store), kill, restart).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_holds_nobody_up_for_long() {
    if is_missing("a_frozen_server") {
        return;
    }
    let server = Mariadb::start().unwrap();
    let options = MysqlOptions::new(server.url("test")).timeout(outages::TIMEOUT);
    let store = MysqlStore::open_with(options).await.unwrap();
    let freeze = || server.freeze().unwrap();
    outages::freeze(Arc::new(store), freeze, || server.thaw().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_secure_if_the_url_says_so() {
    let programs = [&Mariadb::PROGRAMS[..], &["openssl"]].concat();
    if skips("a_connection_is_secure_if_the_url_says_so", &programs) {
        return;
    }
    let server = Mariadb::start_tls().unwrap();
    let url = |authority: &Path| {
        let url = server.url("test");
        format!(
            "{url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}",
            authority.display()
        )
    };
    let store = MysqlStore::open(url(&server.certificate())).await.unwrap();
    store.check().await.unwrap();
    // Nobody whom this client trusts vouches for the server.
    let folder = tempfile::tempdir().unwrap();
    let other = certify(folder.path()).unwrap();
    let error = MysqlStore::open(url(&other)).await.unwrap_err();
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
        let store = MysqlStore::open(url).await.unwrap();
        outages::cut(Arc::new(store), &proxy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_while_it_is_replaced_is_gone() {
    if !is_missing("what_is_ended_while_it_is_replaced") {
        let store = MysqlStore::open(fresh_url()).await.unwrap();
        races::an_end_wins_against_a_replace(Arc::new(store)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sweeps_at_a_time_remove_what_has_expired() {
    if !is_missing("several_sweeps_at_a_time") {
        let store = MysqlStore::open(fresh_url()).await.unwrap();
        races::sweeps_share_the_work(Arc::new(store)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_given_up_disturbs_no_other() {
    if !is_missing("a_call_that_is_given_up") {
        let store = MysqlStore::open(fresh_url()).await.unwrap();
        outages::give_up(Arc::new(store)).await;
    }
}

#[tokio::test]
async fn a_connection_that_was_cut_while_it_was_idle_is_not_noticed() {
    if is_missing("a_connection_that_was_cut") {
        return;
    }
    let database = SERVER.database().unwrap();
    let store = MysqlStore::open(SERVER.url(&database)).await.unwrap();
    for number in 0..5 {
        let (key, record) = (&key_of(number), &record_of(1));
        let insert = Command::Insert { key, record };
        let outcome = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        let ids = format!("SELECT id FROM information_schema.processlist WHERE db = '{database}'");
        let ids = SERVER.run("mysql", &ids).unwrap();
        assert_eq!(ids.lines().count(), 1, "{ids}");
        SERVER
            .run("mysql", &format!("KILL {}", ids.trim()))
            .unwrap();
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
            .map(|_| tokio::spawn(MysqlStore::open(url.clone())))
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
    let user = format!("{database}_user");
    let make = format!(
        "CREATE USER {user}@'%' IDENTIFIED BY 'p'; GRANT SELECT ON {database}.other TO {user}@'%'"
    );
    SERVER.run(&database, "CREATE TABLE other (n int)").unwrap();
    SERVER.run(&database, &make).unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("mariadb://{user}:p@{host}");
    let refusal = MysqlStore::open(&url).await.unwrap_err().to_string();
    assert!(refusal.contains("lacks a privilege"), "{refusal}");

    let schema = include_str!("../migrations/mysql.sql");
    let grant = "GRANT SELECT, INSERT, UPDATE, DELETE ON session TO";
    let ready = format!("{schema} {grant} {user}@'%'");
    SERVER.run(&database, &ready).unwrap();
    let store = MysqlStore::open(&url).await.unwrap();
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
    let no_unique_key =
        include_str!("../migrations/mysql.sql").replace("UNIQUE KEY (`key`)", "KEY (`key`)");
    for foreign in [
        "CREATE TABLE session (id int)",
        "CREATE TABLE session (`key` varbinary(40), data longblob)",
        &no_unique_key,
    ] {
        SERVER.run(&database, foreign).unwrap();
        let error = MysqlStore::open(SERVER.url(&database)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("was not made by"), "{error}");
        assert!(error.contains("`session`"), "{error}");
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
    for table in ["select", "Mixed_Case", "_", "key", &*long] {
        let options = MysqlOptions::new(SERVER.url(&database)).table(table);
        for _ in 0..2 {
            let store = MysqlStore::open_with(options.clone()).await.unwrap();
            store.check().await.unwrap();
        }
    }
    let options = MysqlOptions::new(SERVER.url(&database)).table("a`b");
    assert!(MysqlStore::open_with(options).await.is_err());
    let nowhere = MysqlStore::open(SERVER.url("")).await.unwrap_err();
    assert!(
        nowhere.to_string().contains("names no database"),
        "{nowhere}"
    );
}

#[tokio::test]
async fn errors_name_the_server_and_no_password() {
    if is_missing("errors_name_the_server") {
        return;
    }
    let port = SERVER.port();
    for (url, says) in [
        (
            format!("mysql://tester:hunter2@127.0.0.1:{port}/mysql"),
            "does not accept the user or the password",
        ),
        (SERVER.url("missing"), "create the database first"),
        (
            "mysql://tester:hunter2@127.0.0.1:1/mysql".to_owned(),
            "can't be reached",
        ),
    ] {
        let error = MysqlStore::open(&url).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says), "{text}");
        let (_, rest) = url.split_once('@').unwrap();
        let (address, database) = rest.split_once('/').unwrap();
        assert!(text.contains(address), "{text}");
        assert!(text.contains(&format!("{database:?}")), "{text}");
        let texts = format!("{text} {error:?} {:?}", MysqlOptions::new(&url));
        assert!(!texts.contains("hunter2"), "{texts}");
        assert!(!texts.contains("throw-away"), "{texts}");
    }
}

#[tokio::test]
async fn each_request_costs_the_server_as_few_statements_as_can_be() {
    if is_missing("each_request_costs") {
        return;
    }
    let database = SERVER.database().unwrap();
    SERVER
        .run(
            &database,
            "CREATE USER counted@'%' IDENTIFIED BY 'p'; GRANT ALL ON *.* TO counted@'%'; \
             SET GLOBAL general_log = 1",
        )
        .unwrap();
    let admin = SERVER.url(&database);
    let (_, host) = admin.split_once('@').unwrap();
    let url = format!("mysql://counted:p@{host}");
    let store = MysqlStore::open(url).await.unwrap();
    let sessions = Sessions::new(Policy::default(), store);
    costs::are_few(&sessions, || {
        // What it prepares once is not run again; everything else is.
        let log = "SELECT command_type, LEFT(argument, 60) FROM general_log WHERE user_host LIKE \
                   'counted%' AND command_type IN ('Execute', 'Query') ORDER BY event_time";
        let log = SERVER.run("mysql", log).unwrap();
        log.lines().map(ToOwned::to_owned).collect()
    })
    .await;
}

#[tokio::test]
async fn a_closed_store_fails_and_says_why() {
    if is_missing("a_closed_store") {
        return;
    }
    let store = MysqlStore::open(fresh_url()).await.unwrap();
    let other = store.clone();
    store.close().await;
    let error = other.check().await.unwrap_err();
    assert!(error.to_string().contains("was closed"), "{error}");
}
