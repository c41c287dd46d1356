//! A revocation works on servers that may have evicted an owner's index.

use session_core::{Revoke, Store};
use session_servers::{Redis, skips};
use session_store::RedisStore;
use session_testkit::key_of;

use crate::counter::{Counter, now};

#[tokio::test]
async fn a_revocation_finds_every_session_although_the_index_was_evicted() {
    let name = "a_revocation_finds_every_session_although_the_index_was_evicted";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let policy = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"];
    redis.cli(&policy).unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    for (which, revoked) in [
        (Revoke::All, 3),
        (Revoke::AllBut(&key_of(2).public_id()), 2),
        (Revoke::One(&key_of(2).public_id()), 1),
    ] {
        let mut hers = Vec::new();
        for number in 1..=3 {
            hers.push(Counter::begin(&store, number, Some("ada")).await);
        }
        let his = Counter::begin(&store, 4, Some("bob")).await;
        redis.cli(&["DEL", "session:{@ada}"]).unwrap();
        let count = store.revoke("ada", which, now()).await.unwrap();
        assert_eq!(count, revoked, "{which:?}");
        let mut left = Vec::new();
        for session in &hers {
            left.extend(session.counted().await.unwrap());
        }
        assert_eq!(left.len(), 3 - revoked, "{which:?}");
        assert!(his.counted().await.unwrap().is_some());
        redis.cli(&["FLUSHALL"]).unwrap();
    }
}
