//! The SQLite store passes the suite, and meets bad files, locks and crowds.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "sqlite")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store;
use session_store::SqliteStore;
use session_testkit::store_suite;

#[tokio::test]
async fn sqlite_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    store_suite(async || {
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
    store_suite(async || Arc::new(SqliteStore::in_memory().await.unwrap()) as Arc<dyn Store>).await;
}
