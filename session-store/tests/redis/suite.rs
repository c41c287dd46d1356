//! The store passes the suite on every kind of server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::Store;
use session_servers::{Redis, RedisCluster, RedisSentinel, RedisSettings, skips};
use session_store::{RedisOptions, RedisStore};
use session_testkit::store_suite;

/// Runs the suite, each case under a prefix of its own.
async fn suite(name: &str, options: RedisOptions) {
    let count = AtomicUsize::new(0);
    store_suite(name, async || {
        let prefix = format!("case{}:", count.fetch_add(1, Ordering::Relaxed));
        let options = options.clone().prefix(prefix);
        Arc::new(RedisStore::open_with(options).await.unwrap()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn redis_passes_the_suite() {
    if skips("redis_passes_the_suite", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    suite("redis", RedisOptions::new(redis.url())).await;
}

#[tokio::test]
async fn redis_with_tls_and_a_password_passes_the_suite() {
    let programs = ["redis-server", "redis-cli", "openssl"];
    if skips("redis_with_tls_and_a_password_passes_the_suite", &programs) {
        return;
    }
    let settings = RedisSettings::default().tls().password("geheim");
    let redis = Redis::start_with(settings).unwrap();
    let certificate = redis.certificate().unwrap();
    let options = RedisOptions::new(redis.url()).tls_authority(certificate);
    suite("redis-tls", options).await;
    // Without the authority the certificate is not trusted.
    let error = RedisStore::open(redis.url()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("geheim"));
}

#[tokio::test]
async fn redis_behind_sentinel_passes_the_suite() {
    if skips("redis_behind_sentinel_passes_the_suite", &Redis::PROGRAMS) {
        return;
    }
    let sentinel = RedisSentinel::start().unwrap();
    suite("redis-sentinel", RedisOptions::new(sentinel.url())).await;
}

#[tokio::test]
async fn a_redis_cluster_passes_the_suite() {
    if skips("a_redis_cluster_passes_the_suite", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    suite("redis-cluster", RedisOptions::new(cluster.url())).await;
}
