//! Stores over connections of the application's, and the end of a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use redis::Client;
use session_core::{Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, RedisSentinel, at_last, skips, soon};
use session_store::{RedisConnection, RedisOptions, RedisStore};
use session_testkit::store_suite;

use crate::counter::{Counter, now};

async fn multiplexed(url: String) -> RedisConnection {
    let connecting = Client::open(url).unwrap();
    let connection = connecting.get_multiplexed_async_connection().await;
    connection.unwrap().into()
}

async fn managed(url: String) -> RedisConnection {
    let connecting = Client::open(url).unwrap();
    connecting.get_connection_manager().await.unwrap().into()
}

#[tokio::test]
async fn a_store_over_a_connection_of_the_application_s_passes_the_suite() {
    let name = "a_store_over_a_connection_of_the_application_s_passes_the_suite";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    for connection in [
        multiplexed(redis.url()).await,
        // Another database, by the other version of the protocol.
        managed(format!("{}/1?protocol=resp3", redis.url())).await,
    ] {
        let count = AtomicUsize::new(0);
        store_suite("redis-given", async || {
            let prefix = format!("case{}:", count.fetch_add(1, Ordering::Relaxed));
            let options = RedisOptions::over(connection.clone()).prefix(prefix);
            Arc::new(RedisStore::open_with(options).await.unwrap()) as Arc<dyn Store>
        })
        .await;
        redis.cli(&["FLUSHDB"]).unwrap();
    }
    let size = redis.cli(&["-n", "1", "DBSIZE"]).unwrap();
    assert_ne!(size.trim(), "0");
}

#[tokio::test]
async fn a_connection_of_the_application_s_is_bounded_and_may_come_back() {
    let name = "a_connection_of_the_application_s_is_bounded_and_may_come_back";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let limit = Duration::from_millis(400);
    let mut redis = Redis::start().unwrap();
    let options = RedisOptions::over(managed(redis.url()).await).timeout(limit);
    let store = RedisStore::open_with(options).await.unwrap();
    redis.freeze().unwrap();
    let begun = Instant::now();
    assert!(store.check().await.is_err());
    assert!(begun.elapsed() < limit * 5, "{:?}", begun.elapsed());
    redis.thaw().unwrap();
    redis.kill();
    assert!(store.check().await.is_err());
    redis.restart().unwrap();
    at_last(|| store.check()).await;
}

#[tokio::test]
async fn a_connection_to_a_part_of_a_cluster_is_refused() {
    let name = "a_connection_to_a_part_of_a_cluster_is_refused";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let nodes = cluster.url().replace("redis-cluster", "redis");
    let node = nodes.split(',').next().unwrap().to_owned();
    let refused = RedisStore::from_connection(multiplexed(node).await).await;
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("part of a cluster"), "{message}");
}

#[cfg(feature = "cached")]
#[tokio::test]
async fn a_cache_can_t_listen_over_a_connection_of_the_application_s() {
    use session_store::{CachedOptions, CachedStore};

    let name = "a_cache_can_t_listen_over_a_connection_of_the_application_s";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let connection = multiplexed(redis.url()).await;
    let store = RedisStore::from_connection(connection).await.unwrap();
    let cached = CachedStore::listening(Arc::new(store), &CachedOptions::new()).await;
    let message = cached.unwrap_err().to_string();
    assert!(message.contains("give the store a URL"), "{message}");
}

async fn closes(url: String, clients: impl Fn() -> usize) {
    let before = clients();
    let store = RedisStore::open(url).await.unwrap();
    let clone = store.clone();
    let session = Counter::begin(&store, 1, Some("ada")).await;
    assert!(clients() > before);
    store.close().await;
    for message in [
        clone.check().await.unwrap_err().to_string(),
        session.load().await.unwrap_err().to_string(),
        session.count().await.unwrap_err().to_string(),
        store
            .devices("ada", None, now(), 1)
            .await
            .unwrap_err()
            .to_string(),
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap_err()
            .to_string(),
        store.sweep(now(), 1).await.unwrap_err().to_string(),
    ] {
        assert!(message.contains("the store is closed"), "{message}");
    }
    soon("no connection is left", async || clients() <= before).await;
}

/// Counts the connections whose last command is one of a store's.
fn stores(list: &str) -> usize {
    let ours = |line: &&str| line.contains("cmd=set ") || line.contains("cmd=eval");
    list.lines().filter(ours).count()
}

#[tokio::test]
async fn a_closed_store_has_no_connections_and_answers_no_more() {
    let name = "a_closed_store_has_no_connections_and_answers_no_more";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let list = ["CLIENT", "LIST", "TYPE", "normal"];
    let redis = Redis::start().unwrap();
    closes(redis.url(), || stores(&redis.cli(&list).unwrap())).await;
    let cluster = RedisCluster::start().unwrap();
    let nodes = cluster.primaries().unwrap();
    let count = || {
        let lists = nodes.iter().map(|node| cluster.cli(*node, &list).unwrap());
        lists.map(|list| stores(&list)).sum()
    };
    closes(cluster.url(), count).await;
    let group = RedisSentinel::start().unwrap();
    let primary = group.primary().unwrap();
    closes(group.url(), || stores(&group.cli(primary, &list).unwrap())).await;
}
