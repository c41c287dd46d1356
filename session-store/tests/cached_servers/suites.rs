//! A cache that listens passes the suite.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store;
use session_servers::{Postgres, Redis, skips};
use session_store::{
    CachedOptions, CachedStore, Notifies, Notify, PostgresOptions, PostgresStore, RedisOptions,
    RedisStore,
};
use session_testkit::store_suite;

use crate::nodes::BOUND;

/// Runs the suite, each case with a store of its own number.
async fn passes(name: &str, open: impl AsyncFn(usize) -> Arc<dyn Notifies>) {
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let store = open(count.fetch_add(1, Ordering::Relaxed)).await;
        let options = CachedOptions::new().stale_for(BOUND);
        let cached = CachedStore::listening(store, &options).await;
        Arc::new(cached.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn redis_with_a_cache_passes_the_suite() {
    if skips("redis_with_a_cache_passes_the_suite", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    passes("cached(redis)", async |number| {
        let options = RedisOptions::new(redis.url()).prefix(format!("case{number}:"));
        Arc::new(RedisStore::open_with(options).await.unwrap()) as Arc<dyn Notifies>
    })
    .await;
}

#[tokio::test]
async fn postgres_with_a_cache_passes_the_suite() {
    if skips(
        "postgres_with_a_cache_passes_the_suite",
        &Postgres::PROGRAMS,
    ) {
        return;
    }
    let server = Postgres::start().unwrap();
    let url = server.url("postgres");
    passes("cached(postgres)", async |number| {
        let options = PostgresOptions::new(&url)
            .table(format!("session{number}"))
            .notify(Notify::Changes);
        Arc::new(PostgresStore::open_with(options).await.unwrap()) as Arc<dyn Notifies>
    })
    .await;
}
