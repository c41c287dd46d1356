//! The memory store passes the suite.

#![cfg(feature = "memory")]

use std::sync::Arc;

use session_core::Store;
use session_store::MemoryStore;
use session_testkit::store_suite;

#[tokio::test]
async fn memory_passes_the_suite() {
    store_suite(async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
}
