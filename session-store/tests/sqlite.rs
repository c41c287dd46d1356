//! The SQLite store passes the suite, and loses no session when its process is killed.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "sqlite")]

mod estimates;
mod workers;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{Command, Store};
use session_store::{SqliteOptions, SqliteStore};
use session_testkit::{digest_of, key_of, moment_at, record_of, store_suite};

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    store_suite("sqlite", async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        let store = SqliteStore::open(directory.path().join(name))
            .await
            .unwrap();
        Arc::new(store) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn sqlite_in_memory_passes_the_suite() {
    store_suite("sqlite in memory", async || {
        Arc::new(SqliteStore::in_memory().await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[test]
fn a_blocked_worker_holds_up_no_other_workers_requests() {
    let directory = tempfile::tempdir().unwrap();
    let open = async || SqliteStore::open(directory.path().join("sessions.db")).await;
    workers::a_blocked_worker_holds_up_no_other(open, || {});
}

#[tokio::test]
async fn sqlite_on_a_pool_passes_the_suite() {
    passes_on_a_pool("sqlite on a pool", 10).await;
}

#[tokio::test]
async fn sqlite_on_a_pool_of_one_connection_passes_the_suite() {
    passes_on_a_pool("sqlite on one connection", 1).await;
}

async fn passes_on_a_pool(name: &str, connections: u32) {
    let directory = tempfile::tempdir().unwrap();
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(directory.path().join("app.db"));
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(connections);
    let pool = pool.connect_with(file.create_if_missing(true));
    let pool = pool.await.unwrap();
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = SqliteOptions::for_pool().table(table);
        let store = SqliteStore::from_pool_with(pool.clone(), options).await;
        Arc::new(store.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn the_estimates_are_near() {
    let store = SqliteStore::in_memory().await.unwrap();
    estimates::are_near(&store, key_of).await;
}

#[cfg(all(feature = "cached", feature = "metrics"))]
#[tokio::test]
async fn the_estimates_come_through_what_is_around_the_store() {
    use session_store::{CachedStore, Metered};

    let store = Arc::new(SqliteStore::in_memory().await.unwrap());
    let around = Metered::new(CachedStore::new(store));
    estimates::are_near(&around, key_of).await;
    assert_eq!(around.count().await.unwrap(), Some(0));
}

const VICTIM: &str = "SESSION_STORE_TEST_VICTIM";

/// Runs this test again in a process of its own, which writes until it is killed.
#[tokio::test]
async fn acknowledged_writes_survive_the_kill_of_the_process() {
    if let Some(path) = std::env::var_os(VICTIM) {
        let store = SqliteStore::open(path).await.unwrap();
        for number in 0.. {
            let (key, record) = (&key_of(number), &record_of(1));
            let insert = Command::Insert { key, record };
            store.write(insert, moment_at(0)).await.unwrap();
            println!("acknowledged {number}");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    let mut victim = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture"])
        .arg("acknowledged_writes_survive_the_kill_of_the_process")
        .env(VICTIM, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut acknowledged = None;
    for line in lines {
        let line = line.unwrap();
        let Some((_, number)) = line.split_once("acknowledged ") else {
            continue;
        };
        // The last line may be incomplete.
        acknowledged = number.parse::<u64>().ok().max(acknowledged);
        if acknowledged == Some(300) {
            victim.kill().unwrap();
        }
    }
    victim.wait().unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    for number in 0..=acknowledged.unwrap() {
        let (key, secret) = (&key_of(number), &digest_of(0));
        let found = store.load(key, secret, moment_at(0)).await.unwrap();
        assert_eq!(
            found,
            Some(record_of(1)),
            "session {number} of {acknowledged:?}"
        );
    }
}

#[cfg(all(feature = "blocking", feature = "cached"))]
#[test]
fn closing_reaches_the_store_through_what_is_around_it() {
    use session_store::{BlockingStore, CachedStore};
    use session_testkit::SpyStore;

    let directory = tempfile::tempdir().unwrap();
    let open = SqliteStore::open(directory.path().join("sessions.db"));
    let store = pollster::block_on(open).unwrap();
    let around = CachedStore::new(Arc::new(SpyStore::new(store.clone())));
    let around = BlockingStore::new(Arc::new(around)).unwrap();
    assert!(around.check().is_ok());
    around.close();
    assert!(around.check().is_err());
    assert!(pollster::block_on(store.check()).is_err());
    // Again, it has nothing to say.
    around.close();
}
