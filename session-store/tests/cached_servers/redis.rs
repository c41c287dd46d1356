use std::sync::Arc;
use std::time::Duration;

use session_core::Session;
use session_servers::{Redis, RedisCluster, RedisSentinel, RedisSettings, skips};
use session_store::{CachedOptions, CachedStore, Notifies, RedisOptions, RedisStore};

use crate::nodes::{Nodes, at_last, soon};
use crate::proxy::{Proxy, Way};

async fn open(url: &str) -> Arc<dyn Notifies> {
    let options = RedisOptions::new(url).timeout(Duration::from_secs(1));
    // A busy machine may need more than one time-out.
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
async fn redis_tells_everything_at_once() {
    if is_missing("redis_tells_everything_at_once") {
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
        // Nor does it matter who it is that writes.
        for by_hand in [&["FLUSHALL"][..], &["EVAL", DELETE, "0"]] {
            nodes.sign_in().await;
            redis.cli(by_hand).unwrap();
            nodes.she_is_gone_soon().await;
        }
    }
}

const DELETE: &str =
    "for _, key in ipairs(redis.call('KEYS', 'session:{*')) do redis.call('DEL', key) end";

#[tokio::test]
async fn after_an_outage_of_redis_all_is_told_again() {
    if is_missing("after_an_outage_of_redis_all_is_told_again") {
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
async fn who_missed_what_redis_told_is_right_once_it_listens_again() {
    if is_missing("who_missed_what_redis_told") {
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
        // It has not heard of it, notices that by itself, and serves what it may until it has.
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
async fn whichever_server_sentinels_choose_tells_everything() {
    if is_missing("whichever_server_sentinels_choose_tells_everything") {
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
async fn every_node_of_a_cluster_tells_everything() {
    if is_missing("every_node_of_a_cluster_tells_everything") {
        return;
    }
    let mut cluster = RedisCluster::start().unwrap();
    let url = cluster.url();
    let mut nodes = nodes([&url; 3]).await;
    // The ids lie in slots of every node.
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
async fn writers_do_nothing_for_those_who_listen() {
    if is_missing("writers_do_nothing_for_those_who_listen") {
        return;
    }
    let redis = Redis::start().unwrap();
    let url = redis.url();
    let mut nodes = nodes([&url; 3]).await;
    let commands = || {
        let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
        let scripts = statistics
            .lines()
            .filter(|line| line.starts_with("cmdstat_eval"));
        let calls = scripts.map(|line| {
            let (_, rest) = line.split_once(":calls=").unwrap();
            rest.split(',').next().unwrap().parse::<u32>().unwrap()
        });
        let sum: u32 = calls.sum();
        redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();
        sum
    };
    // The server has to hear each script once.
    nodes.see_everything_at_once().await;
    nodes.cookie.clear();
    commands();
    nodes.visit(|session| session.insert("n", 1)).await.unwrap();
    assert_eq!(commands(), 1);
    // A read, and a write.
    nodes.visit(|session| session.sign_in("ada")).await.unwrap();
    assert_eq!(commands(), 2);
    nodes.visit(Session::cycle).await.unwrap();
    assert_eq!(commands(), 2);
    nodes.log_out().await.unwrap();
    assert_eq!(commands(), 1);
}

#[tokio::test]
async fn who_may_not_listen_to_redis_is_told_why() {
    if is_missing("who_may_not_listen_to_redis_is_told_why") {
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
async fn who_is_dropped_listens_to_redis_no_more() {
    if is_missing("who_is_dropped_listens_to_redis_no_more") {
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
    soon("nobody listens", async || listeners() == 0).await;
}
