//! Users with no more rights than PROTOCOL.md names.

use session_core::{Command, Only, Outcome, Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, RedisSentinel, skips};
use session_store::RedisStore;
use session_testkit::key_of;

use crate::counter::{Counter, HOUR, lasting, now};

/// The rights that the store needs.
const LEAST: [&str; 4] = ["~session:*", "+@read", "+@write", "+@scripting"];

/// The rights that providers of Redis give.
const USUAL: [&str; 4] = ["~*", "&*", "+@all", "-@dangerous"];

/// Those of a managed server without administration.
const MANAGED: [&str; 6] = [
    "~session:*",
    "resetchannels",
    "+@all",
    "-@admin",
    "-@dangerous",
    "-@transaction",
];

/// No more than what keeps others waiting, and nothing that waits itself.
const NARROW: [&str; 5] = [
    "~session:*",
    "+@read",
    "+@write",
    "+@scripting",
    "-@blocking",
];

fn add_user(rights: &[&str], cli: impl Fn(&[&str]) -> std::io::Result<String>) {
    let user = ["ACL", "SETUSER", "app", "reset", "on", ">geheim"];
    cli(&[&user[..], rights].concat()).unwrap();
}

/// Returns the URL of a server for the user with those rights.
fn with_login(url: &str) -> String {
    url.replace("://", "://app:geheim@")
}

/// Does everything that a store can do.
async fn lives(url: &str) {
    let store = RedisStore::open(with_login(url)).await.unwrap();
    let session = Counter::begin(&store, 1, Some("ada")).await;
    assert_eq!(session.count().await.unwrap(), Some(1));
    let old = session.load().await.unwrap().unwrap();
    let touch = Command::Touch {
        key: &session.key,
        expected: old.revision,
        seen: now(),
        expires: now() + HOUR * 4,
    };
    assert_eq!(store.write(touch, now()).await.unwrap(), Outcome::Applied);
    let others: [Counter; 2] = [
        Counter::begin(&store, 2, Some("ada")).await,
        Counter::begin(&store, 3, Some("ada")).await,
    ];
    assert_eq!(
        store.devices("ada", None, now(), 10).await.unwrap().len(),
        3
    );
    let kept = &session.key.public_id();
    let revoked = store
        .revoke(Whose::Owner("ada", Revoke::AllBut(kept)), now())
        .await;
    assert_eq!(revoked.unwrap(), 2);
    assert_eq!(others[0].counted().await.unwrap(), None);
    let one = store
        .revoke(Whose::Owner("ada", Revoke::One(kept)), now())
        .await;
    assert_eq!(one.unwrap(), 1);
    let last = Counter::begin(&store, 4, Some("ada")).await;
    last.delete(Only::Always).await.unwrap();
    store.sweep(now() + HOUR, 10).await.unwrap();
    assert_eq!(store.estimate().await.unwrap(), Some(0));
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_user_who_must_not_ask_questions_can_use_a_server() {
    let name = "a_user_who_must_not_ask_questions_can_use_a_server";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    for rights in [&LEAST[..], &USUAL, &MANAGED, &NARROW] {
        let redis = Redis::start().unwrap();
        add_user(rights, |words| redis.cli(words));
        lives(&redis.url()).await;
    }
}

#[tokio::test]
async fn a_user_who_must_not_ask_questions_can_use_sentinels_servers() {
    let name = "a_user_who_must_not_ask_questions_can_use_sentinels_servers";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let group = RedisSentinel::start().unwrap();
    for server in 0..2 {
        add_user(&LEAST, |words| group.cli(server, words));
    }
    lives(&group.url()).await;
}

#[tokio::test]
async fn a_user_who_must_only_ask_for_the_slots_can_use_a_cluster() {
    let name = "a_user_who_must_only_ask_for_the_slots_can_use_a_cluster";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let rights = [&LEAST[..], &["+cluster|slots", "+asking"]].concat();
    for node in 0..6 {
        add_user(&rights, |words| cluster.cli(node, words));
    }
    lives(&cluster.url()).await;
    // A part of it is refused all the same.
    let url = cluster.url().replace("redis-cluster", "redis");
    let node = url.split(',').next().unwrap();
    let error = RedisStore::open(with_login(node)).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("redis-cluster://"), "{message}");
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    if skips("a_right_that_is_missing_is_named", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    for (rights, missing) in [
        (&["~session:*", "+@read", "+@write"][..], "+@scripting"),
        (&["~session:*", "+@read", "+@scripting"], "+@write"),
        (&["~session:*", "+@write", "+@scripting"], "+@read"),
        (&["~other:*", "+@all"], "on the keys"),
        (&["%R~session:*", "+@all"], "on the keys"),
        (&["%W~session:*", "+@all"], "on the keys"),
    ] {
        add_user(rights, |words| redis.cli(words));
        let opened = RedisStore::open(with_login(&redis.url())).await;
        let message = opened.unwrap_err().to_string();
        assert!(message.contains(missing), "{rights:?}: {message}");
    }
    // A single command of those that requests need.
    for command in [
        "get",
        "set",
        "del",
        "getrange",
        "setrange",
        "pexpireat",
        "pttl",
        "zadd",
        "zcount",
        "zrem",
        "zrangebyscore",
        "zrevrange",
        "zrevrangebyscore",
        "zrevrank",
        "zscore",
    ] {
        add_user(&[&LEAST[..], &[&format!("-{command}")]].concat(), |words| {
            redis.cli(words)
        });
        let opened = RedisStore::open(with_login(&redis.url())).await;
        let message = opened.err().map(|error| error.to_string());
        let message = message.unwrap_or_else(|| panic!("it opens without {command}"));
        assert!(message.contains("lacks rights"), "{command}: {message}");
        let left = redis.cli(&["PTTL", "session:{?0}"]).unwrap();
        let left: i32 = left.trim().parse().unwrap();
        // It is gone, or will be within a second.
        assert!(
            left == -2 || (0..=1000).contains(&left),
            "{command}: {left}"
        );
    }
    // A right that is lost later.
    add_user(&LEAST, |words| redis.cli(words));
    let store = RedisStore::open(with_login(&redis.url())).await.unwrap();
    add_user(&["~session:*", "+@read"], |words| redis.cli(words));
    let key = &key_of(1);
    let record = &lasting(1, None, HOUR);
    let written = store.write(Command::Insert { key, record }, now()).await;
    let message = written.unwrap_err().to_string();
    assert!(message.contains("+@write"), "{message}");
}
