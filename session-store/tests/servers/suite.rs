use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store;
use session_testkit::store_suite;

use super::{fresh_url, is_missing};
use crate::{Options, SqlStore};

/// Runs the suite, each case in a table of its own.
pub async fn passes(name: &str, url: &str) {
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let table = format!("session{}", count.fetch_add(1, Ordering::Relaxed));
        let options = Options::new(url).table(table).connections(20);
        Arc::new(SqlStore::open_with(options).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_passes_the_suite() {
    if !is_missing() {
        passes(crate::NAME, &fresh_url()).await;
    }
}
