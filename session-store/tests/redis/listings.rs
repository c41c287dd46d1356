//! An owner's index lists every live session, also after interrupted commands, and does not leak.

use session_core::{Command, Key, Only, Outcome, Revoke, Store, Whose, to_micros};
use session_servers::{Redis, skips};
use session_store::RedisStore;
use session_testkit::{changed, key_of, moment_at};

use crate::counter::{Counter, HOUR, draw, lasting, now};

const INDEX: &str = "session:{@ada}";

async fn count(store: &RedisStore, owner: &str) -> usize {
    store
        .devices(owner, None, now(), 1_000)
        .await
        .unwrap()
        .len()
}

fn number(redis: &Redis, words: &[&str]) -> i64 {
    redis.cli(words).unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn an_interrupted_command_does_no_harm() {
    let name = "an_interrupted_command_does_no_harm";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let other = Counter::begin(&store, 1, Some("ada")).await;
    // The process died between the listing and the insert.
    let list = "return redis.call('ZADD', KEYS[1], 4e12, string.rep('a', 16))";
    redis.cli(&["EVAL", list, "1", INDEX]).unwrap();
    assert_eq!(count(&store, "ada").await, 1);
    // It was slow, and inserts the session later.
    let key = &Key::from_bytes(&[b'a'; 16]).unwrap();
    let record = &lasting(1, Some("ada"), HOUR);
    let insert = Command::Insert { key, record };
    store.write(insert, now()).await.unwrap();
    assert_eq!(count(&store, "ada").await, 2);
    // The process died between the removal and the unlisting.
    let name = format!("session:{{{}}}", key.public_id());
    redis.cli(&["DEL", &name]).unwrap();
    assert_eq!(count(&store, "ada").await, 1);
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        1
    );
    assert_eq!(other.counted().await.unwrap(), None);
}

#[tokio::test]
async fn a_listing_lasts_as_long_as_its_session_and_not_for_ever() {
    let name = "a_listing_lasts_as_long_as_its_session_and_not_for_ever";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let key = &key_of(1);
    let record = &lasting(1, Some("ada"), HOUR);
    let begun = now();
    store
        .write(Command::Insert { key, record }, begun)
        .await
        .unwrap();
    let name = format!("session:{{{}}}", key.public_id());
    let mut revision = record.revision;
    for hours in 2..20 {
        let expires = begun + HOUR * hours;
        let later = expires - HOUR * 3 / 2;
        let next = &changed!(record.clone(), revision = draw(), expires = expires);
        let command = if hours % 2 == 0 {
            Command::Touch {
                key,
                expected: revision,
                seen: later,
                expires,
            }
        } else {
            Command::Replace {
                key,
                expected: std::mem::replace(&mut revision, next.revision),
                record: next,
            }
        };
        let outcome = store.write(command, later).await;
        assert_eq!(outcome.unwrap(), Outcome::Applied);
        let record = number(&redis, &["PTTL", &name]);
        let index = number(&redis, &["PTTL", INDEX]);
        assert!(record > 3_600_000 && index >= record, "{record}, {index}");
        assert!(index < record * 2 + 60_000, "{record}, {index}");
    }
    let only = Only::Always;
    store
        .write(Command::Delete { key, only }, begun)
        .await
        .unwrap();
    assert_eq!(number(&redis, &["DBSIZE"]), 0);
}

/// Redis' own clock decides, by which it frees sessions too.
#[tokio::test]
async fn a_sign_in_forgets_listings_that_have_run_out_and_no_others() {
    let name = "a_sign_in_forgets_listings_that_have_run_out_and_no_others";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let sessions = RedisStore::open(redis.url()).await.unwrap();
    let ago = |seconds: i64| to_micros(now()) / 1_000_000 * 1_000 - seconds * 1_000;
    for seconds in [70, 61, 50, 1] {
        let key = format!("gone {seconds:11}");
        let created = (ago(seconds) * 1_000).to_string();
        let end = (ago(seconds) - 5_000_000_000_000_000).to_string();
        let members = [&*created, &key, &end, &format!("~{key}")];
        redis
            .cli(&[&["ZADD", INDEX][..], &members].concat())
            .unwrap();
    }
    let first = Counter::begin(&sessions, 1, Some("ada")).await;
    // Clocks may differ by a minute. Each listing has two members.
    assert_eq!(number(&redis, &["ZCARD", INDEX]), 2 * 3);
    // However many there are, one sign-in removes only some of them.
    let many = "for i = 1, 150 do redis.call('ZADD', KEYS[1], i - 5e15, '~' .. i, i, i) end";
    redis.cli(&["EVAL", many, "1", INDEX]).unwrap();
    for left in [50, 0] {
        let key = &key_of(1);
        let only = Only::Always;
        sessions
            .write(Command::Delete { key, only }, now())
            .await
            .unwrap();
        Counter::begin(&sessions, 1, Some("ada")).await;
        assert_eq!(number(&redis, &["ZCARD", INDEX]), 2 * (3 + left));
    }
    // By a clock that is fast every session is over.
    let record = &changed!(lasting(2, Some("ada"), HOUR), expires = moment_at(1_000));
    let (key, later) = (&key_of(2), moment_at(-1));
    sessions
        .write(Command::Insert { key, record }, later)
        .await
        .unwrap();
    assert_eq!(number(&redis, &["ZCARD", INDEX]), 2 * 4);
    // One of the two is over by the caller's clock; both end.
    let revoked = sessions
        .revoke(Whose::Owner("ada", Revoke::All), later)
        .await;
    assert_eq!(revoked.unwrap(), 1);
    assert_eq!(first.counted().await.unwrap(), None);
}

#[tokio::test]
async fn a_session_that_changes_hands_is_listed_for_the_new_owner() {
    let name = "a_session_that_changes_hands_is_listed_for_the_new_owner";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let session = Counter::begin(&store, 1, None).await;
    for (owner, other) in [("ada", "bob"), ("bob", "ada"), ("ada", "bob")] {
        let old = session.load().await.unwrap().unwrap();
        let record = &changed!(old.clone(), revision = draw(), owner = Some(owner.into()));
        let replace = Command::Replace {
            key: &session.key,
            expected: old.revision,
            record,
        };
        let outcome = store.write(replace, now()).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
        assert_eq!(count(&store, owner).await, 1);
        assert_eq!(count(&store, other).await, 0);
        assert_eq!(
            store
                .revoke(Whose::Owner(other, Revoke::All), now())
                .await
                .unwrap(),
            0
        );
    }
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        1
    );
}
