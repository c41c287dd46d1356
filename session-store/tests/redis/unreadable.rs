//! An unreadable record affects no other session.

use session_core::{Command, Only, Outcome, Revision, Revoke, Store, Whose};
use session_servers::{Redis, skips};
use session_store::RedisStore;
use session_testkit::{digest_of, key_of};

use crate::counter::{Counter, HOUR, lasting, now};

#[tokio::test]
async fn a_record_that_can_t_be_read_is_absent_and_nothing_else_is() {
    let name = "a_record_that_can_t_be_read_is_absent_and_nothing_else_is";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let name = &format!("session:{{{}}}", key_of(1).public_id());
    let digits = &format!("1{}", "0".repeat(300));
    for spoil in [
        &["SET", name, "junk"][..],
        &["SET", name, ""],
        &["SET", name, digits],
        &["SETRANGE", name, "0", "2"],
        // No moments that can be, and a flag that is none.
        &["SETRANGE", name, "1", "9999999999999999999"],
        &["SETRANGE", name, "77", "9999999999999999999"],
        &["SETRANGE", name, "96", "x"],
        &["SETRANGE", name, "96", "2"],
        &["SETRANGE", name, "150", "junk"],
        // The head is right, and the rest is not.
        &["SETRANGE", name, "145", "0000000003"],
        &["SETRANGE", name, "155", "9999999999"],
        &["SETRANGE", name, "180", "junk"],
        &["LPUSH", name, "junk"],
        &["HSET", name, "junk", "1"],
    ] {
        let bad = Counter::begin(&store, 1, Some("ada")).await;
        let good = Counter::begin(&store, 2, Some("ada")).await;
        if spoil[0] != "SETRANGE" {
            redis.cli(&["DEL", name]).unwrap();
        }
        redis.cli(spoil).unwrap();

        assert_eq!(bad.load().await.unwrap(), None, "{spoil:?}");
        let devices = store.devices("ada", None, now(), 1_000).await.unwrap();
        assert_eq!(devices.len(), 1, "{spoil:?}");
        let (key, expected) = (&bad.key, Revision::from_i64(1));
        let (seen, expires) = (now(), now() + HOUR);
        let record = &lasting(2, None, HOUR);
        for command in [
            Command::Insert { key, record },
            Command::Replace {
                key,
                expected,
                record,
            },
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            },
        ] {
            let outcome = store.write(command, now()).await.unwrap();
            // Who knows the revision has loaded the record before it was spoiled, and mends it.
            let digits = ["1", "77", "145", "155", "180"];
            let mends = digits.contains(&spoil[2]) || spoil[2..] == ["96", "2"];
            let is_refused = outcome == Outcome::Refused;
            assert!(is_refused || mends, "{spoil:?}, {command:?}");
        }
        bad.delete(Only::Opened(&digest_of(0))).await.unwrap();
        bad.delete(Only::Over(now())).await.unwrap();
        let revoked = store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap();
        assert_eq!(revoked, 1, "{spoil:?}");
        assert_eq!(good.load().await.unwrap(), None);
        bad.delete(Only::Always).await.unwrap();
        let left = redis.cli(&["KEYS", "session:{[0-9a-f]*"]).unwrap();
        assert!(left.trim().is_empty(), "{spoil:?}: {left}");
    }
}

#[tokio::test]
async fn an_index_that_can_t_be_read_keeps_nobody_from_signing_in_and_spares_nobody() {
    let name = "an_index_that_can_t_be_read_keeps_nobody_from_signing_in_and_spares_nobody";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let index = "session:{@ada}";
    let count = async || {
        let devices = store.devices("ada", None, now(), 10).await;
        devices.unwrap().len()
    };
    for spoil in [
        &["SET", index, "junk"][..],
        &["HSET", index, "junk", "1"],
        &["SADD", index, "junk"],
    ] {
        let old = Counter::begin(&store, 1, Some("ada")).await;
        redis.cli(&["DEL", index]).unwrap();
        redis.cli(spoil).unwrap();
        assert_eq!(count().await, 0, "{spoil:?}");
        let new = Counter::begin(&store, 2, Some("ada")).await;
        assert_eq!(count().await, 1, "{spoil:?}");
        redis.cli(&["DEL", index]).unwrap();
        redis.cli(spoil).unwrap();
        let revoked = store.revoke(Whose::Owner("ada", Revoke::All), now()).await;
        assert_eq!(revoked.unwrap(), 2, "{spoil:?}");
        assert_eq!(old.counted().await.unwrap(), None);
        assert_eq!(new.counted().await.unwrap(), None);
        redis.cli(&["DEL", index]).unwrap();
    }
    // A member that is no key hides no other one.
    for junk in ["junk", "", "a key of no session at all"] {
        let old = Counter::begin(&store, 1, Some("ada")).await;
        redis.cli(&["ZADD", index, "8e15", junk]).unwrap();
        redis
            .cli(&["ZADD", index, "1", &format!("{junk}!")])
            .unwrap();
        assert_eq!(count().await, 1, "{junk:?}");
        let page = store.devices("ada", None, now(), 1).await.unwrap();
        assert_eq!(page.len(), 1, "{junk:?}");
        let revoked = store.revoke(Whose::Owner("ada", Revoke::All), now()).await;
        assert_eq!(revoked.unwrap(), 1, "{junk:?}");
        assert_eq!(old.counted().await.unwrap(), None);
    }
}
