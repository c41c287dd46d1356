//! Ended sessions leave no keys behind, and applications do not affect each other.

use std::time::Duration;

use session_core::{Command, Only, Outcome, Record, Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, RedisSettings, at_last, skips, soon};
use session_store::{RedisOptions, RedisStore};
use session_testkit::{digest_of, key_of, record_of};

use crate::counter::{HOUR, lasting, now};

async fn insert(store: &RedisStore, key: u64, record: &Record) {
    let key = &key_of(key);
    let inserted = store.write(Command::Insert { key, record }, now()).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
}

async fn replace(store: &RedisStore, key: u32, record: &Record) {
    let replace = Command::Replace {
        key: &key_of(key.into()),
        expected: record_of(key).revision,
        record,
    };
    let replaced = store.write(replace, now()).await.unwrap();
    assert_eq!(replaced, Outcome::Applied);
}

/// Begins sessions and ends them in every way, the last ones by expiry.
async fn come_and_go(store: &RedisStore) {
    let long = HOUR;
    let short = Duration::from_millis(700);
    for number in 1..=20 {
        let record = lasting(number, Some("ada"), long);
        insert(store, number.into(), &record).await;
    }
    for number in 1..=4 {
        let key = &key_of(number);
        let only = Only::Opened(&digest_of(0));
        let delete = Command::Delete { key, only };
        store.write(delete, now()).await.unwrap();
    }
    for number in 5..=8 {
        replace(store, number, &lasting(number, None, Duration::ZERO)).await;
    }
    let kept = &key_of(20).public_id();
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::AllBut(kept)), now())
        .await;
    assert_eq!(revoked.unwrap(), 11);
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        1
    );
    for number in 21..=30 {
        insert(store, number.into(), &lasting(number, None, short)).await;
    }
}

/// Waits until Redis has freed every key, which it does on access or after a while.
async fn wait_until_empty(keys: impl Fn() -> String) {
    let are_left = async || match keys().trim() {
        "" => Ok(()),
        left => Err(format!("left behind: {left}")),
    };
    at_last(are_left).await;
}

#[tokio::test]
async fn nothing_is_left_on_a_server() {
    if skips("nothing_is_left_on_a_server", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    come_and_go(&store).await;
    wait_until_empty(|| redis.cli(&["KEYS", "*"]).unwrap()).await;
}

#[tokio::test]
async fn nothing_is_left_on_a_cluster() {
    if skips("nothing_is_left_on_a_cluster", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    come_and_go(&store).await;
    let primaries = cluster.primaries().unwrap();
    wait_until_empty(|| {
        let keys = primaries
            .iter()
            .map(|node| cluster.cli(*node, &["KEYS", "*"]));
        keys.map(Result::unwrap).collect()
    })
    .await;
}

#[tokio::test]
async fn a_session_of_less_than_a_second_lives_so_long() {
    if skips(
        "a_session_of_less_than_a_second_lives_so_long",
        &Redis::PROGRAMS,
    ) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let key = &key_of(1);
    insert(&store, 1, &lasting(1, None, Duration::from_millis(400))).await;
    assert!(
        store
            .load(key, &digest_of(0), now())
            .await
            .unwrap()
            .is_some()
    );
    // Redis' moments are rounded up to milliseconds.
    let left: i64 = digits(&redis.cli(&["PTTL", &name(&redis)]).unwrap());
    assert!((1..=401).contains(&left), "{left} ms");
    let is_gone = async || {
        let found = store.load(key, &digest_of(0), now()).await;
        found.unwrap().is_none()
    };
    soon("it is freed", is_gone).await;
    assert!(redis.cli(&["KEYS", "*"]).unwrap().trim().is_empty());
}

fn name(redis: &Redis) -> String {
    redis
        .cli(&["KEYS", "session:{*"])
        .unwrap()
        .trim()
        .to_owned()
}

fn digits(printed: &str) -> i64 {
    printed.trim().parse().unwrap()
}

#[tokio::test]
async fn applications_of_two_prefixes_never_meet() {
    if skips("applications_of_two_prefixes_never_meet", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let open = async |prefix: &str| {
        let options = RedisOptions::new(redis.url()).prefix(prefix);
        RedisStore::open_with(options).await.unwrap()
    };
    let (one, other) = (open("a:").await, open("a:b:").await);
    let long = HOUR;
    insert(&one, 1, &lasting(1, Some("ada"), long)).await;
    assert_eq!(
        other.load(&key_of(1), &digest_of(0), now()).await.unwrap(),
        None
    );
    assert!(
        other
            .devices("ada", None, now(), 1_000)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        other
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        0
    );
    // A sweep by a clock that is ahead removes no other application's sessions either.
    let later = now() + HOUR * 2;
    assert_eq!(other.sweep(later, 10).await.unwrap(), 0);
    let (key, only) = (&key_of(1), Only::Always);
    let delete = Command::Delete { key, only };
    other.write(delete, now()).await.unwrap();
    let found = one.load(key, &digest_of(0), now()).await.unwrap();
    assert!(found.is_some());
    assert_eq!(one.sweep(later, 10).await.unwrap(), 1);
    assert!(
        RedisStore::open_with(RedisOptions::new(redis.url()).prefix("a{"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_unusable_server_is_named_in_the_error() {
    if skips("an_unusable_server_is_named_in_the_error", &Redis::PROGRAMS) {
        return;
    }
    let settings = RedisSettings::default().password("geheim");
    let redis = Redis::start_with(settings).unwrap();
    let address = format!("127.0.0.1:{}", redis.port());
    let refusal = async |url: String| {
        let options = RedisOptions::new(url).timeout(Duration::from_secs(1));
        let error = RedisStore::open_with(options).await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("geheim"),
            "{error:?}"
        );
        error.to_string()
    };
    let message = refusal(format!("redis://{address}")).await;
    assert!(
        message.contains(&address) && message.contains("password"),
        "{message}"
    );
    let message = refusal(format!("redis://:geheimer@{address}")).await;
    assert!(
        message.contains(&address) && message.contains("password"),
        "{message}"
    );
    let message = refusal(format!("redis-cluster://:geheim@{address}")).await;
    assert!(message.contains(&address), "{message}");
    let message = refusal(format!("redis-sentinel://{address}/main")).await;
    assert!(message.contains(&address), "{message}");
    let message = refusal("redis://:geheim@127.0.0.1:1".to_owned()).await;
    assert!(
        message.contains("127.0.0.1:1: nothing listens there"),
        "{message}"
    );
    let cluster = RedisCluster::start().unwrap();
    let nodes = cluster.url();
    let node = nodes
        .trim_start_matches("redis-cluster://")
        .split(',')
        .next()
        .unwrap();
    let message = refusal(format!("redis://{node}")).await;
    assert!(message.contains("redis-cluster://"), "{message}");
}
