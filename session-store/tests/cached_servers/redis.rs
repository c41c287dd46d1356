use std::sync::Arc;
use std::time::Duration;

use session_core::{Policy, Session, Sessions};
use session_servers::{Redis, RedisCluster, RedisSentinel, RedisSettings, at_last, skips, soon};
use session_store::{CachedOptions, CachedStore, Notifies, RedisOptions, RedisStore};

use crate::nodes::Nodes;
use crate::proxy::{Proxy, Way};

async fn open(url: &str) -> Arc<dyn Notifies> {
    let options = RedisOptions::new(url).timeout(Duration::from_secs(1));
    // A busy machine may need more than one attempt.
    let store = at_last(async || RedisStore::open_with(options.clone()).await);
    Arc::new(store.await)
}

async fn nodes(urls: [&str; 3]) -> Nodes {
    let [writer, listener, deaf] = urls;
    Nodes::new([open(writer).await, open(listener).await, open(deaf).await]).await
}

fn is_missing(test: &str) -> bool {
    skips(test, &Redis::PROGRAMS)
}

#[tokio::test]
async fn redis_notifies_of_every_write() {
    if is_missing("redis_notifies_of_every_write") {
        return;
    }
    let settings = RedisSettings::default().tls().password("geheim");
    for settings in [RedisSettings::default(), settings] {
        let redis = Redis::start_with(settings).unwrap();
        let url = redis.url();
        let is_tls = url.starts_with("rediss");
        let open = async || {
            let mut options = RedisOptions::new(&url);
            if is_tls {
                options = options.tls_authority(redis.certificate().unwrap());
            }
            Arc::new(RedisStore::open_with(options).await.unwrap()) as Arc<dyn Notifies>
        };
        let mut nodes = Nodes::new([open().await, open().await, open().await]).await;
        nodes.see_everything_at_once().await;
        // Writes of other clients lead to notices too.
        for by_hand in [&["FLUSHALL"][..], &["EVAL", DELETE, "0"]] {
            nodes.sign_in().await;
            redis.cli(by_hand).unwrap();
            nodes.she_is_gone_soon().await;
        }
    }
}

const DELETE: &str =
    "for _, key in ipairs(redis.call('KEYS', 'session:*')) do redis.call('DEL', key) end";

#[tokio::test]
async fn redis_notifies_again_after_an_outage() {
    if is_missing("redis_notifies_again_after_an_outage") {
        return;
    }
    let mut redis = Redis::start_with(RedisSettings::default().durable()).unwrap();
    let url = redis.url();
    let mut nodes = nodes([&url; 3]).await;
    nodes.sign_in().await;
    redis.kill();
    nodes.listens(false).await;
    redis.restart().unwrap();
    nodes.listens(true).await;
    nodes.all_serve().await;
    nodes.see_everything_at_once().await;

    redis.freeze().unwrap();
    nodes.listens(false).await;
    redis.thaw().unwrap();
    nodes.listens(true).await;
    nodes.all_serve().await;
    nodes.see_everything_at_once().await;
}

#[tokio::test]
async fn a_node_that_missed_notices_is_right_once_it_listens_again() {
    if is_missing("a_node_that_missed_notices_is_right_once_it_listens_again") {
        return;
    }
    let redis = Redis::start().unwrap();
    let proxy = Proxy::to(redis.port()).await;
    let direct = redis.url();
    let through = format!("redis://127.0.0.1:{}", proxy.port());
    let mut nodes = nodes([&direct, &through, &direct]).await;
    for way in [Way::Closed, Way::Stuck] {
        nodes.sign_in().await;
        nodes.catch_up().await;
        proxy.set(way);
        nodes.log_out().await.unwrap();
        // The node has missed the notice, and serves its cache until it notices that.
        assert!(nodes.knows_her(&nodes.listener).await);
        nodes.listens(false).await;
        assert!(nodes.knows_her(&nodes.listener).await);
        if way == Way::Stuck {
            proxy.set(Way::Closed);
        }
        proxy.set(Way::Open);
        nodes.listens(true).await;
        nodes.she_is_gone_soon().await;
    }
    nodes.see_everything_at_once().await;
}

#[tokio::test]
async fn any_server_that_sentinels_choose_notifies() {
    if is_missing("any_server_that_sentinels_choose_notifies") {
        return;
    }
    let mut group = RedisSentinel::start().unwrap();
    let url = group.url();
    let mut nodes = nodes([&url; 3]).await;
    nodes.see_everything_at_once().await;
    let first = group.primary().unwrap();
    group.kill(first);
    nodes.listens(false).await;
    nodes.listens(true).await;
    nodes.all_serve().await;
    nodes.see_everything_at_once().await;
}

#[tokio::test]
async fn every_node_of_a_cluster_notifies() {
    if is_missing("every_node_of_a_cluster_notifies") {
        return;
    }
    let mut cluster = RedisCluster::start().unwrap();
    let url = cluster.url();
    let mut nodes = nodes([&url; 3]).await;
    // The keys have slots of every node.
    for _ in 0..5 {
        nodes.see_everything_at_once().await;
    }
    let first = cluster.primaries().unwrap()[0];
    cluster.kill(first);
    nodes.listens(false).await;
    nodes.listens(true).await;
    nodes.all_serve().await;
    for _ in 0..5 {
        nodes.see_everything_at_once().await;
    }
}

#[tokio::test]
async fn listeners_cost_writers_no_command() {
    if is_missing("listeners_cost_writers_no_command") {
        return;
    }
    let redis = Redis::start().unwrap();
    let url = redis.url();
    let mut nodes = nodes([&url; 3]).await;
    // The server has to load each script first.
    commands_of_a_life(&redis, &mut nodes).await;
    let with_listeners = commands_of_a_life(&redis, &mut nodes).await;
    let cached = CachedStore::new(open(&url).await);
    nodes.writer = Sessions::new(Policy::default(), cached.clone());
    nodes.listener = nodes.writer.clone();
    nodes.cache = cached;
    let without = commands_of_a_life(&redis, &mut nodes).await;
    assert_eq!(with_listeners, without);
    assert!(without >= 5, "{without}");
}

/// Counts the commands of a write, a sign-in, a rotation and a logout.
async fn commands_of_a_life(redis: &Redis, nodes: &mut Nodes) -> u32 {
    redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();
    nodes.cookie.clear();
    nodes
        .request(|session| session.insert("n", 1))
        .await
        .unwrap();
    nodes
        .request(|session| session.sign_in("ada"))
        .await
        .unwrap();
    nodes.request(Session::cycle).await.unwrap();
    nodes.log_out().await.unwrap();
    let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
    let calls = statistics.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        // Connections and the test itself send these.
        let own = ["client", "config", "hello", "info", "ping", "select"];
        let is_own = own.iter().any(|own| name.starts_with(own));
        let count = rest.split(',').next()?.parse::<u32>().ok()?;
        (!is_own).then_some(count)
    });
    calls.sum()
}

#[tokio::test]
async fn a_user_without_the_right_to_listen_is_an_error() {
    if is_missing("a_user_without_the_right_to_listen_is_an_error") {
        return;
    }
    let redis = Redis::start().unwrap();
    let rights = ["on", ">geheim", "~*", "&*", "+@all", "-client|tracking"];
    redis
        .cli(&[&["ACL", "SETUSER", "ada"], &rights[..]].concat())
        .unwrap();
    let store = open(&format!("redis://ada:geheim@127.0.0.1:{}", redis.port())).await;
    let cached = CachedStore::listening(store, &CachedOptions::new()).await;
    let message = cached.unwrap_err().to_string();
    assert!(
        message.contains("can't listen to Redis at 127.0.0.1"),
        "{message}"
    );
    assert!(message.contains("lacks rights"), "{message}");
}

#[tokio::test]
async fn a_dropped_cache_listens_no_more() {
    if is_missing("a_dropped_cache_listens_no_more") {
        return;
    }
    let redis = Redis::start().unwrap();
    let listeners = || {
        let clients = redis.cli(&["CLIENT", "LIST"]).unwrap();
        clients
            .lines()
            .filter(|line| line.contains("resp=3"))
            .count()
    };
    let store = open(&redis.url()).await;
    let cached = CachedStore::listening(store, &CachedOptions::new())
        .await
        .unwrap();
    assert_eq!(listeners(), 1);
    let clone = cached.clone();
    drop(cached);
    assert!(clone.is_listening());
    drop(clone);
    soon("no connection listens", async || listeners() == 0).await;
}
