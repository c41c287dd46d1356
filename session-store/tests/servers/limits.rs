//! Statements that take too long, and servers that answer but do not serve.

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::{Command, Outcome, Store as _};
use session_servers::{FaultProxy, Spoil};
use session_testkit::{digest_of, key_of, moment_at, record_of};

use super::{SERVER, is_missing};
use crate::{HOLD, Options, PoolOptions, SqlStore, UNSERVED, waiting};

const TIMEOUT: Duration = Duration::from_secs(1);
const CONNECTIONS: u32 = 4;

/// Has callers load sessions while another program locks the table, and returns the largest
/// number of statements that were waiting on the server.
///
/// Each caller gives up after `patience`.
async fn most_that_wait(patience: Duration) -> usize {
    let database = SERVER.database().unwrap();
    let options = Options::new(SERVER.url(&database));
    let options = options.connections(CONNECTIONS).timeout(TIMEOUT);
    let store = Arc::new(SqlStore::open_with(options).await.unwrap());
    let [lock, unlock] = HOLD;
    let others = PoolOptions::new().max_connections(1);
    let others = others.connect(&SERVER.url(&database)).await.unwrap();
    let mut holder = others.acquire().await.unwrap();
    sqlx::raw_sql(lock).execute(&mut *holder).await.unwrap();
    let callers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let (key, secret) = (&key_of(0), &digest_of(0));
                loop {
                    let call = store.load(key, secret, moment_at(0));
                    let _ = tokio::time::timeout(patience, call).await;
                }
            })
        })
        .collect();
    // A statement that waits proves that the table is locked.
    let begun = Instant::now();
    while waiting(&database) == 0 {
        let is_early = begun.elapsed() < TIMEOUT * 5;
        assert!(is_early, "nothing waits for the table");
    }
    let begun = Instant::now();
    let mut most = 0;
    while begun.elapsed() < TIMEOUT * 3 {
        most = most.max(waiting(&database));
        tokio::task::yield_now().await;
    }
    for caller in callers {
        caller.abort();
    }
    // It fails if the table was not locked to the end.
    sqlx::raw_sql(unlock).execute(&mut *holder).await.unwrap();
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_leaves_no_statement_running() {
    if !is_missing() {
        let most = most_that_wait(TIMEOUT * 10).await;
        assert!((1..=4).contains(&most), "{most} statements were waiting");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_no_more_statements_than_connections() {
    if !is_missing() {
        let most = most_that_wait(TIMEOUT / 10).await;
        assert!((1..=4).contains(&most), "{most} statements were waiting");
    }
}

/// Callers have limits of their own, which may be shorter than the store's.
#[tokio::test]
async fn connections_that_answer_nobody_are_replaced_though_no_caller_waits_for_a_time_out() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let proxy = FaultProxy::to(SERVER.port()).unwrap();
    let [direct, other] = [SERVER.port(), proxy.port()].map(|port| format!(":{port}/"));
    let url = SERVER.url(&database).replace(&direct, &other);
    let options = Options::new(url).connections(CONNECTIONS).timeout(TIMEOUT);
    let store = SqlStore::open_with(options).await.unwrap();
    let (key, secret) = (&key_of(0), &digest_of(0));
    let loads = (0..CONNECTIONS).map(|_| store.load(key, secret, moment_at(0)));
    for found in futures_util::future::join_all(loads).await {
        assert_eq!(found.unwrap(), None);
    }
    proxy.spoil(Spoil::Silent);
    let begun = Instant::now();
    loop {
        let load = store.load(key, secret, moment_at(0));
        match tokio::time::timeout(TIMEOUT / 4, load).await {
            Ok(found) => break assert_eq!(found.unwrap(), None),
            Err(_) => assert!(begun.elapsed() < TIMEOUT * 5, "nobody is answered any more"),
        }
    }
}

/// A database may be behind an address that leads to several servers.
#[tokio::test]
async fn a_connection_whose_server_does_not_serve_is_replaced() {
    if is_missing() {
        return;
    }
    let database = SERVER.database().unwrap();
    let proxy = FaultProxy::to(SERVER.port()).unwrap();
    let [direct, other] = [SERVER.port(), proxy.port()].map(|port| format!(":{port}/"));
    let url = SERVER.url(&database).replace(&direct, &other);
    let store = SqlStore::open(url).await.unwrap();
    let (key, record) = (&key_of(1), &record_of(1));
    for (code, state) in UNSERVED {
        // Each of these is prepared and cached after the first round.
        for round in 0..3 {
            let insert = Command::Insert { key, record };
            let inserted = store.write(insert, moment_at(0)).await;
            assert_eq!(inserted.unwrap(), Outcome::Applied, "{code} {state}");
            let found = store.load(key, &digest_of(0), moment_at(0)).await;
            assert_eq!(found.unwrap().as_ref(), Some(record));
            let only = session_core::Only::Always;
            let delete = Command::Delete { key, only };
            store.write(delete, moment_at(0)).await.unwrap();
            if round == 1 {
                proxy.spoil(Spoil::Answered(crate::refusal(*code, state)));
            }
        }
    }
}
