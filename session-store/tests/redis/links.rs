//! Connections that are no use any more are replaced.

use std::time::{Duration, Instant};

use session_core::Store;
use session_servers::{FaultProxy, Redis, RedisCluster, Spoil, skips};
use session_store::{RedisOptions, RedisStore};
use tokio::time::sleep;

use crate::counter::Counter;

/// Opens a store behind a proxy.
async fn behind(proxy: &FaultProxy) -> RedisStore {
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    RedisStore::open(url).await.unwrap()
}

#[tokio::test]
async fn after_any_refusal_the_next_call_connects_anew() {
    if skips(
        "after_any_refusal_the_next_call_connects_anew",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let proxy = FaultProxy::to(redis.port()).unwrap();
    for refusal in [
        "BUSY Redis is busy running a script",
        "CLUSTERDOWN Hash slot not served",
        "ERR Proxy error",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down",
        "MISCONF Errors writing to the AOF file",
        "NOAUTH Authentication required.",
        "NOREPLICAS Not enough good replicas to write.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "READONLY You can't write against a read only replica.",
        "TOMORROW a reason that no version has yet",
        "no upstream host",
    ] {
        let store = behind(&proxy).await;
        let before = proxy.connections();
        proxy.spoil(Spoil::Answered(format!("-{refusal}\r\n").into()));
        assert!(store.check().await.is_err(), "{refusal}");
        assert!(store.check().await.is_ok(), "{refusal}");
        assert_eq!(proxy.connections(), before + 1, "{refusal}");
    }
    // What no Redis answers is as a broken connection: the same call goes on with another one.
    let store = behind(&proxy).await;
    proxy.spoil(Spoil::Answered("HTTP/1.1 400 Bad Request\r\n\r\n".into()));
    assert!(store.check().await.is_ok());
}

// Several threads, as one that asks often would get a connection of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_goes_on_refusing_is_not_connected_to_at_each_call() {
    let name = "a_server_that_goes_on_refusing_is_not_connected_to_at_each_call";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let proxy = FaultProxy::to(redis.port()).unwrap();
    for (number, (setting, bad, good)) in (1..).zip([
        ("min-replicas-to-write", "1", "0"),
        ("maxmemory", "1", "0"),
        ("replica-serve-stale-data", "no", "yes"),
    ]) {
        // None has just given up a connection.
        let store = behind(&proxy).await;
        let session = Counter::begin(&store, number, None).await;
        let is_replica = setting.starts_with("replica");
        if is_replica {
            redis.cli(&["REPLICAOF", "127.0.0.1", "1"]).unwrap();
        }
        redis.cli(&["CONFIG", "SET", setting, bad]).unwrap();
        let (before, begun) = (proxy.connections(), Instant::now());
        for _ in 0..50 {
            let refused = store.check().await;
            assert!(refused.is_err(), "{setting}");
            assert_eq!(session.load().await.is_err(), is_replica, "{setting}");
        }
        // The first call, and one in each second.
        let made = proxy.connections() - before;
        assert!(
            (1..=1 + begun.elapsed().as_secs()).contains(&made),
            "{made}"
        );
        redis.cli(&["CONFIG", "SET", setting, good]).unwrap();
        if is_replica {
            redis.cli(&["REPLICAOF", "NO", "ONE"]).unwrap();
        }
        store.check().await.unwrap();
        assert_eq!(session.count().await.unwrap(), Some(1));
    }
}

const IDLE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_connection_that_died_while_it_was_idle_delays_nobody() {
    let name = "a_connection_that_died_while_it_was_idle_delays_nobody";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let proxy = FaultProxy::to(redis.port()).unwrap();
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let timeout = Duration::from_secs(4);
    let options = RedisOptions::new(url).max_idle(IDLE).timeout(timeout);
    let store = RedisStore::open_with(options).await.unwrap();
    let session = Counter::begin(&store, 1, Some("ada")).await;
    for _ in 0..3 {
        // Like a firewall that forgets idle connections.
        proxy.spoil(Spoil::Silent);
        sleep(IDLE * 2).await;
        let before = proxy.connections();
        let begun = Instant::now();
        assert!(session.count().await.unwrap().is_some());
        let took = begun.elapsed();
        assert!(took < timeout, "{took:?}");
        // On a busy machine the new one may grow too old between two commands.
        let most = 1 + took.as_millis() / IDLE.as_millis();
        let new = proxy.connections() - before;
        assert!((1..=most).contains(&u128::from(new)), "{new} in {took:?}");
    }
}

/// Callers have limits of their own, which may be shorter than the store's.
#[tokio::test]
async fn a_connection_that_answers_nobody_is_replaced_though_no_caller_waits_for_its_time_out() {
    let name =
        "a_connection_that_answers_nobody_is_replaced_though_no_caller_waits_for_its_time_out";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let proxy = FaultProxy::to(redis.port()).unwrap();
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let limit = Duration::from_secs(1);
    let options = RedisOptions::new(url).timeout(limit);
    let store = RedisStore::open_with(options).await.unwrap();
    let session = Counter::begin(&store, 1, None).await;
    let hasty = || tokio::time::timeout(IDLE, session.load());
    // Callers who give up on a server that answers others keep the connection.
    let before = proxy.connections();
    for _ in 0..5 {
        drop(session.load());
        let polled = tokio::time::timeout(Duration::ZERO, session.load()).await;
        drop(polled);
        hasty().await.unwrap().unwrap();
    }
    assert_eq!(proxy.connections(), before);
    proxy.spoil(Spoil::Silent);
    let begun = Instant::now();
    let found = loop {
        match hasty().await {
            Ok(found) => break found,
            Err(_) => assert!(begun.elapsed() < limit * 5, "nobody is answered any more"),
        }
    };
    assert!(found.unwrap().is_some());
    assert!(begun.elapsed() >= limit);
    assert_eq!(proxy.connections(), before + 1);
}

#[tokio::test]
async fn the_longest_idle_time_is_no_limit_and_a_time_out_needs_one() {
    let name = "the_longest_idle_time_is_no_limit_and_a_time_out_needs_one";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let options = RedisOptions::new(redis.url()).max_idle(Duration::MAX);
    let store = RedisStore::open_with(options.clone()).await.unwrap();
    store.check().await.unwrap();
    for limit in [Duration::ZERO, Duration::MAX] {
        let error = RedisStore::open_with(options.clone().timeout(limit)).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("timeout: must be"), "{error}");
    }
}

#[tokio::test]
async fn a_cluster_s_idle_connections_are_replaced_and_busy_ones_kept() {
    let name = "a_cluster_s_idle_connections_are_replaced_and_busy_ones_kept";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let options = RedisOptions::new(cluster.url()).max_idle(IDLE * 10);
    let store = RedisStore::open_with(options).await.unwrap();
    let clients = || {
        let mut ids = Vec::new();
        for node in cluster.primaries().unwrap() {
            let list = cluster.cli(node, &["CLIENT", "LIST", "TYPE", "normal"]);
            for line in list.unwrap().lines() {
                if line.contains("cmd=eval") {
                    ids.push((node, line.split(' ').next().unwrap().to_owned()));
                }
            }
        }
        ids
    };
    store.check().await.unwrap();
    let busy = clients();
    assert_eq!(busy.len(), 3, "{busy:?}");
    store.check().await.unwrap();
    assert_eq!(clients(), busy);
    sleep(IDLE * 11).await;
    store.check().await.unwrap();
    let new = clients();
    assert!(
        new.len() == 3 && new.iter().all(|id| !busy.contains(id)),
        "{new:?}"
    );
}
