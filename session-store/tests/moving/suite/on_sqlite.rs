//! From a file of SQLite to another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store;
use session_store::{Moving, SqliteStore};
use session_testkit::store_suite;

#[tokio::test]
async fn from_sqlite_to_sqlite_the_suite_passes() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    let open = async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        let store = SqliteStore::open(folder.path().join(name)).await;
        Arc::new(store.unwrap()) as Arc<dyn Store>
    };
    for is_preparing in [true, false] {
        store_suite("moving(sqlite to sqlite)", async || {
            let (old, new) = (open().await, open().await);
            let moving = if is_preparing {
                Moving::preparing(old, new)
            } else {
                Moving::new(old, new)
            };
            Arc::new(moving.unwrap()) as Arc<dyn Store>
        })
        .await;
    }
}
