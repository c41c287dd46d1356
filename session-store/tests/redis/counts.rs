//! The cost of each command, counted by the servers; calls of scripts are counted too.

use std::collections::BTreeMap;

use session_core::{Command, Only, Revision, Revoke, Store, Whose};
use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;
use session_testkit::{changed, digest_of, key_of};

use crate::counter::{HOUR, lasting, now};

/// Returns the calls since the last time.
fn calls(cli: impl Fn(&[&str]) -> Vec<String>) -> String {
    let mut calls = BTreeMap::new();
    for statistics in cli(&["INFO", "commandstats"]) {
        for line in statistics.lines() {
            let call = line.strip_prefix("cmdstat_");
            let Some((name, rest)) = call.and_then(|call| call.split_once(":calls=")) else {
                continue;
            };
            // Calls of the test, of replicas and of connections.
            let others = [
                "client", "cluster", "command", "config", "hello", "info", "ping", "psync",
                "replconf", "select",
            ];
            if !others.iter().any(|other| name.starts_with(other)) {
                let count: u32 = rest.split(',').next().unwrap().parse().unwrap();
                *calls.entry(name.to_owned()).or_insert(0) += count;
            }
        }
    }
    cli(&["CONFIG", "RESETSTAT"]);
    let calls = calls.iter().map(|(name, count)| match count {
        1 => name.clone(),
        _ => format!("{count}×{name}"),
    });
    calls.collect::<Vec<_>>().join(" ")
}

async fn costs(store: &RedisStore, owner: Option<&str>, calls: impl Fn() -> String) -> Vec<String> {
    let mut costs = Vec::new();
    let key = &key_of(1);
    let record = &lasting(1, owner, HOUR);
    let next = &changed!(lasting(2, owner, HOUR), created = record.created);
    let expected = Revision::from_i64(2);
    let (seen, expires) = (now(), now() + HOUR * 11 / 10);
    calls();
    for command in [
        Command::Insert { key, record },
        Command::Replace {
            key,
            expected: record.revision,
            record: next,
        },
        Command::Touch {
            key,
            expected,
            seen,
            expires,
        },
    ] {
        store.write(command, now()).await.unwrap();
        costs.push(calls());
    }
    let found = store.load(key, &digest_of(0), now()).await.unwrap();
    assert_eq!(found.unwrap().revision, expected);
    costs.push(calls());
    if let Some(owner) = owner {
        assert_eq!(
            store
                .devices(owner, None, now(), 1_000)
                .await
                .unwrap()
                .len(),
            1
        );
        costs.push(calls());
    }
    let only = Only::Opened(&digest_of(0));
    let delete = Command::Delete { key, only };
    store.write(delete, now()).await.unwrap();
    costs.push(calls());
    costs
}

async fn each_command_is_one(store: RedisStore, cli: impl Fn(&[&str]) -> Vec<String>) {
    let calls = || calls(&cli);
    // Every server has to load each script first.
    for owner in [None, Some("ada")] {
        costs(&store, owner, calls).await;
    }
    let expected = [
        "set",
        "evalsha getrange set",
        "evalsha getrange pexpireat setrange",
        "get",
        "del evalsha getrange",
    ];
    assert_eq!(costs(&store, None, calls).await, expected);
    let expected = [
        // The listing and the record.
        "evalsha pexpireat pttl set 2×zadd zrangebyscore zrevrangebyscore",
        "evalsha 2×getrange set setrange",
        "evalsha getrange pexpireat setrange",
        "get",
        // A page of the index, and the beginning of its only record.
        "evalsha getrange zrevrange",
        "del evalsha 2×getrange zrem",
    ];
    assert_eq!(costs(&store, Some("ada"), calls).await, expected);
    assert_eq!(
        store
            .revoke(Whose::Owner("ada", Revoke::All), now())
            .await
            .unwrap(),
        0
    );
    assert_eq!(calls(), "evalsha zrevrange");
}

#[tokio::test]
async fn a_server_gets_one_command_for_each_step() {
    if skips("a_server_gets_one_command_for_each_step", &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    each_command_is_one(store, |words| vec![redis.cli(words).unwrap()]).await;
}

#[tokio::test]
async fn a_cluster_gets_no_more_than_a_server() {
    if skips("a_cluster_gets_no_more_than_a_server", &Redis::PROGRAMS) {
        return;
    }
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    let primaries = cluster.primaries().unwrap();
    let cli = |words: &[&str]| {
        let printed = primaries.iter().map(|node| cluster.cli(*node, words));
        printed.map(Result::unwrap).collect()
    };
    each_command_is_one(store, cli).await;
}
