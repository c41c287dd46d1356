//! An unreadable record affects no other session.

use session_core::{Command, Only, Outcome, Revision, Revoke, Store};
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
        &["SETRANGE", name, "150", "junk"],
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
            assert_eq!(outcome, Outcome::Refused, "{spoil:?}, {command:?}");
        }
        bad.delete(Only::Opened(&digest_of(0))).await.unwrap();
        bad.delete(Only::Over(now())).await.unwrap();
        let revoked = store.revoke("ada", Revoke::All, now()).await.unwrap();
        assert_eq!(revoked, 1, "{spoil:?}");
        assert_eq!(good.load().await.unwrap(), None);
        bad.delete(Only::Always).await.unwrap();
        let left = redis.cli(&["KEYS", "session:{[0-9a-f]*"]).unwrap();
        assert!(left.trim().is_empty(), "{spoil:?}: {left}");
    }
}
