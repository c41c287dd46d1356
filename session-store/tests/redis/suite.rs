//! The store passes the suite on every kind of server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{Cursor, Store};
use session_servers::{Redis, RedisCluster, RedisSentinel, RedisSettings, skips};
use session_store::{RedisOptions, RedisStore};
use session_testkit::{moment_at, store_suite};

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

#[tokio::test]
async fn a_walk_whose_server_is_gone_is_an_error_and_not_at_its_end() {
    if skips("a walk whose server is gone", &Redis::PROGRAMS) {
        return;
    }
    let server = Redis::start().unwrap();
    let store = RedisStore::open(server.url()).await.unwrap();
    let from = Cursor::from_bytes(b"17 127.0.0.1:1");
    let error = store.walk(&from, 10, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("begin the walk anew"), "{error}");
    let whole = store.walk(&Cursor::default(), 10, moment_at(0)).await;
    assert_eq!(whole.unwrap().unreadable, 0);
}
