//! A sweep of many sessions removes exactly the expired ones, and hardly slows down traffic.

#![allow(clippy::unwrap_used)]
#![cfg(any(feature = "memory", feature = "sqlite"))]

mod sweeps;

use std::sync::Arc;

use session_core::{Command, Outcome, Record, Store};
use session_testkit::{changed, key_of, moment_at};

use self::sweeps::{live, now, scale, sweeps};

/// Inserts a session before any has expired.
async fn insert(store: &dyn Store, number: u64, record: &Record) {
    let key = &key_of(number);
    let insert = Command::Insert { key, record };
    let outcome = store.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

#[cfg(feature = "memory")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_swept_under_traffic() {
    let scale = scale(50_000);
    let store = Arc::new(session_store::MemoryStore::new());
    for number in 0..scale.live {
        insert(&*store, number, &live()).await;
    }
    for number in 0..scale.expired {
        let record = changed!(live(), expires = now());
        insert(&*store, 10_000_000 + number, &record).await;
    }
    sweeps("memory", vec![store], scale).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_swept_under_traffic() {
    let scale = scale(10_000);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    let options = session_store::SqliteOptions::new(&path).no_sweep();
    let store = session_store::SqliteStore::open_with(options)
        .await
        .unwrap();
    for number in 0..scale.live {
        insert(&store, number, &live()).await;
    }
    // Single inserts would take minutes.
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(file).await.unwrap();
    let expires = session_core::to_micros(now());
    sqlx::query(
        "WITH RECURSIVE numbers (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1) \
         INSERT INTO session \
         (key, revision, present, issued, closed, created, seen, expires, owner, expiry, data) \
         SELECT randomblob(16), n, randomblob(16), 0, 0, 0, 0, ?2 - n % 1000, \
         iif(n % 10 = 0, 'owner-' || n / 50, NULL), 'policy', hex(randomblob(100)) FROM numbers",
    )
    .bind(i64::try_from(scale.expired).unwrap())
    .bind(expires)
    .execute(&pool)
    .await
    .unwrap();
    sweeps("sqlite", vec![Arc::new(store.clone())], scale).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(u64::try_from(left).unwrap(), scale.live);
    pool.close().await;
    store.close().await;
}
