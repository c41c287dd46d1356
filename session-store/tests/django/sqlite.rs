//! Django's table in SQLite.

use std::sync::atomic::{AtomicUsize, Ordering};

use session_store::{DjangoOptions, DjangoStore};

use super::{keys, suite};

#[tokio::test]
async fn django_on_sqlite_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);
    suite::passes("sqlite", async || {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        let url = format!("sqlite:{}", directory.path().join(name).display());
        let options = DjangoOptions::new().create(true);
        DjangoStore::open_with(&url, &keys(), options).await.unwrap()
    })
    .await;
}
