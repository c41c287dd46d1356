//! A revocation works although an owner's index is lost or incomplete.

use session_core::{Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, RedisSentinel, skips};
use session_store::{RedisOptions, RedisStore, RevocationScan};
use session_testkit::key_of;

use crate::counter::{Counter, now};

const INDEX: &str = "session:{@ada}";

/// Loses an index in several ways; after each, revocations end every session.
async fn revokes_without_an_index(store: &RedisStore, cli: impl Fn(&[&str])) {
    let first = hex(&key_of(1));
    let lose_one = format!(
        "local key = '{first}'; key = key:gsub('..', function(d) return string.char(tonumber(d, 16)) end) \
         return redis.call('ZREM', KEYS[1], key, '~' .. key)"
    );
    for lose in [&["DEL", INDEX][..], &["EVAL", &lose_one, "1", INDEX]] {
        for (which, revoked) in [
            (Revoke::All, 3),
            (Revoke::AllBut(&key_of(2).public_id()), 2),
            (Revoke::One(&key_of(1).public_id()), 1),
        ] {
            let mut hers = Vec::new();
            for number in 1..=3 {
                hers.push(Counter::begin(store, number, Some("ada")).await);
            }
            let his = Counter::begin(store, 4, Some("bob")).await;
            cli(lose);
            let count = store
                .revoke(Whose::Owner("ada", which), now())
                .await
                .unwrap();
            assert_eq!(count, revoked, "{which:?}");
            let mut left = 0;
            for session in &hers {
                left += usize::from(session.counted().await.unwrap().is_some());
            }
            assert_eq!(left, 3 - revoked, "{which:?}");
            assert!(his.counted().await.unwrap().is_some());
            for session in hers.iter().chain([&his]) {
                session.delete(session_core::Only::Always).await.unwrap();
            }
        }
    }
}

fn hex(key: &session_core::Key) -> String {
    key.public_id().to_string()
}

#[tokio::test]
async fn a_revocation_finds_every_session_although_the_index_was_evicted() {
    let name = "a_revocation_finds_every_session_although_the_index_was_evicted";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    // The setting is changed after the store has been opened.
    let store = RedisStore::open(redis.url()).await.unwrap();
    for policy in ["allkeys-lru", "volatile-ttl"] {
        let policy = ["CONFIG", "SET", "maxmemory-policy", policy];
        redis.cli(&policy).unwrap();
        revokes_without_an_index(&store, |words| drop(redis.cli(words).unwrap())).await;
    }
}

#[tokio::test]
async fn a_revocation_scans_also_if_keys_were_evicted_in_the_past() {
    let name = "a_revocation_scans_also_if_keys_were_evicted_in_the_past";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    redis.cli(&["SET", "other", "1", "EX", "1000"]).unwrap();
    for (name, value) in [
        ("maxmemory-policy", "volatile-lru"),
        ("maxmemory", "1"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
    ] {
        redis.cli(&["CONFIG", "SET", name, value]).unwrap();
        if value == "1" {
            // A write that needs memory evicts.
            let _ = redis.cli(&["SET", "another", "1"]);
        }
    }
    assert_eq!(redis.cli(&["EXISTS", "other"]).unwrap().trim(), "0");
    revokes_without_an_index(&store, |words| drop(redis.cli(words).unwrap())).await;
}

#[tokio::test]
async fn a_revocation_scans_if_it_is_told_to_or_must_not_ask() {
    let name = "a_revocation_scans_if_it_is_told_to_or_must_not_ask";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let options = RedisOptions::new(redis.url()).revocation_scan(RevocationScan::Always);
    let store = RedisStore::open_with(options).await.unwrap();
    revokes_without_an_index(&store, |words| drop(redis.cli(words).unwrap())).await;
    let rights = ["on", ">geheim", "~*", "+@all", "-info"];
    redis
        .cli(&[&["ACL", "SETUSER", "app"], &rights[..]].concat())
        .unwrap();
    let url = redis.url().replace("://", "://app:geheim@");
    let store = RedisStore::open(url).await.unwrap();
    revokes_without_an_index(&store, |words| drop(redis.cli(words).unwrap())).await;
}

#[tokio::test]
async fn a_revocation_scans_every_node_of_a_cluster_if_one_may_evict() {
    let name = "a_revocation_scans_every_node_of_a_cluster_if_one_may_evict";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    let primaries = cluster.primaries().unwrap();
    let policy = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"];
    cluster.cli(primaries[2], &policy).unwrap();
    revokes_without_an_index(&store, |words| {
        let answers = primaries.iter().map(|node| cluster.cli(*node, words));
        // The others redirect to the node that has the slot.
        assert_eq!(answers.flatten().count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_revocation_scans_the_server_that_sentinels_choose() {
    let name = "a_revocation_scans_the_server_that_sentinels_choose";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let group = RedisSentinel::start().unwrap();
    let store = RedisStore::open(group.url()).await.unwrap();
    let primary = group.primary().unwrap();
    let policy = ["CONFIG", "SET", "maxmemory-policy", "volatile-random"];
    group.cli(primary, &policy).unwrap();
    revokes_without_an_index(&store, |words| drop(group.cli(primary, words).unwrap())).await;
}

/// The one that is kept proves that the index is incomplete.
#[tokio::test]
async fn an_index_that_lacks_the_kept_session_is_not_trusted() {
    let name = "an_index_that_lacks_the_kept_session_is_not_trusted";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let kept = Counter::begin(&store, 1, Some("ada")).await;
    let lost = Counter::begin(&store, 2, Some("ada")).await;
    redis.cli(&["DEL", INDEX]).unwrap();
    let listed = Counter::begin(&store, 3, Some("ada")).await;
    let id = &kept.key.public_id();
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::AllBut(id)), now())
        .await;
    assert_eq!(revoked.unwrap(), 2);
    assert_eq!(lost.counted().await.unwrap(), None);
    assert_eq!(listed.counted().await.unwrap(), None);
    assert_eq!(kept.counted().await.unwrap(), Some(0));
    // A whole index is enough.
    redis.cli(&["FLUSHALL"]).unwrap();
    let kept = Counter::begin(&store, 1, Some("ada")).await;
    Counter::begin(&store, 2, Some("ada")).await;
    redis.cli(&["CONFIG", "RESETSTAT"]).unwrap();
    let id = &kept.key.public_id();
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::AllBut(id)), now())
        .await;
    assert_eq!(revoked.unwrap(), 1);
    let statistics = redis.cli(&["INFO", "commandstats"]).unwrap();
    assert!(!statistics.contains("cmdstat_scan"), "{statistics}");
}
