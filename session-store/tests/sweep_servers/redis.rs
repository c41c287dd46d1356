//! Redis frees expired sessions and their listings by itself, completely.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session_core::{Command, Moment, Only, Outcome, Record, Store};
use session_servers::{Redis, RedisCluster, skips};
use session_store::RedisStore;
use session_testkit::{changed, digest_of, key_of, record_of};

use crate::SERIAL;
use crate::sweeps::{Latencies, Scale, Traffic, scale};

/// The number of expiring sessions of an owner.
const EACH: u64 = 10;
/// One of this many owners has a session that does not expire.
const ONE_STAYS: u64 = 10;
/// The number of watches before and after.
const WATCHED: u32 = 4;
const LONG: Duration = Duration::from_hours(1);

/// Returns the present moment with the precision of records.
fn now() -> Moment {
    Moment::from(time::OffsetDateTime::now_utc())
}

fn lasting(life: Duration, owner: Option<u64>) -> Record {
    let now = self::now();
    changed!(
        record_of(1),
        owner = owner.map(|owner| format!("owner {owner}").into()),
        created = now,
        seen = now,
        expires = now + life,
        data = "x".repeat(200).into()
    )
}

/// Inserts sessions concurrently; the function returns the record of each.
async fn insert(
    store: &RedisStore,
    numbers: std::ops::Range<u64>,
    record: impl Fn(u64) -> Record + Clone + Send + Sync + 'static,
) {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (store, next, record) = (store.clone(), Arc::clone(&next), record.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    let (key, record) = (&key_of(number), &record(number));
                    let insert = Command::Insert { key, record };
                    let inserted = store.write(insert, record.created).await.unwrap();
                    assert_eq!(inserted, Outcome::Applied);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Adds up the answers of the servers.
fn sum(answers: &[String], number: impl Fn(&str) -> Option<u64>) -> u64 {
    answers.iter().map(|answer| number(answer).unwrap()).sum()
}

/// Fills a store, lets it free sessions under traffic, and compares; `ask` asks each server.
async fn frees(
    name: &str,
    store: RedisStore,
    ask: impl Fn(&[&str]) -> Vec<String>,
    Scale {
        expired,
        live,
        watch,
        ..
    }: Scale,
) {
    let size = || sum(&ask(&["DBSIZE"]), |answer| answer.trim().parse().ok());
    let memory = || {
        sum(&ask(&["INFO", "memory"]), |answer| {
            let mut lines = answer.lines();
            lines.find_map(|line| line.strip_prefix("used_memory:")?.trim().parse().ok())
        })
    };
    let (owners, kept) = (expired / EACH, expired / EACH / ONE_STAYS);
    let record = lasting(LONG, None);
    let shared = record.clone();
    insert(&store, 0..live, move |_| shared.clone()).await;
    insert(&store, live..live + kept, move |number| {
        lasting(LONG, Some((number - live) * ONE_STAYS))
    })
    .await;
    let (keys, bytes) = (size(), memory());
    assert_eq!(keys, live + 2 * kept);

    let traffic = Traffic {
        stores: vec![Arc::new(store.clone())],
        live,
        record,
        now: now(),
    };
    let mut without = Latencies::default();
    let begun = Instant::now();
    without.add(traffic.ask(watch).await);
    let watched = begun.elapsed();

    // Long enough to insert and to watch them.
    let first = live + kept;
    let sample = expired / 20;
    let begun = Instant::now();
    insert(&store, first..first + sample, move |_| {
        lasting(LONG / 60, None)
    })
    .await;
    let sampled = begun.elapsed();
    for number in first..first + sample {
        let (key, only) = (&key_of(number), Only::Always);
        let delete = Command::Delete { key, only };
        store.write(delete, now()).await.unwrap();
    }
    let life = sampled * 25 + watched * 2 * WATCHED;
    insert(&store, first..first + expired, move |number| {
        lasting(life, Some(number % owners))
    })
    .await;
    let filled = memory();

    for _ in 0..WATCHED {
        without.add(traffic.ask(watch).await);
    }
    let (begun, mut with) = (Instant::now(), Latencies::default());
    // Indexes stay for a minute longer than their listings.
    let keys = keys + owners - kept;
    // Redis frees expired keys slowly while most keys are live.
    while size() > keys + keys / 5 || begun.elapsed() < life {
        assert!(begun.elapsed() < life * 3, "{} left", size() - keys);
        with.add(traffic.ask(watch).await);
    }
    let took = begun.elapsed();
    for _ in 0..WATCHED {
        without.add(traffic.ask(watch).await);
    }
    println!(
        "{name}: {expired} gone {took:.1?} after the last was there, {bytes} bytes without them, \
         {filled} with, {} then\n{name}: without: {without}\n{name}: with:    {with}",
        memory(),
    );
    // An access frees a key at once.
    ask(&["--scan"]);
    assert_eq!(size(), keys);

    // Sessions that an index still lists do not exist.
    let now = self::now();
    for number in 0..kept {
        let owner = format!("owner {}", number * ONE_STAYS);
        let devices = store.devices(&owner, None, now, 1_000).await.unwrap();
        assert_eq!(devices.len(), 1, "{owner}");
    }
    // Apart from the indexes and the hash table, which shrinks later.
    let left = memory().saturating_sub(bytes);
    assert!(left < (filled - bytes) / 4, "{left} of {}", filled - bytes);
    assert_eq!(store.sweep(now, usize::MAX).await.unwrap(), 0);
    assert_eq!(size(), keys);
    for number in 0..live + kept {
        let found = store.load(&key_of(number), &digest_of(0), now).await;
        assert!(found.unwrap().is_some(), "{number} was freed");
    }
    with.assert_resembles(&without);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_frees_expired_sessions() {
    if skips("redis_frees_expired_sessions", &Redis::PROGRAMS) {
        return;
    }
    let _serial = SERIAL.lock().await;
    let redis = Redis::start().unwrap();
    let store = RedisStore::open(redis.url()).await.unwrap();
    let ask = |words: &[&str]| vec![redis.cli(words).unwrap()];
    frees("redis", store, ask, scale(20_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_cluster_frees_expired_sessions() {
    if skips("a_redis_cluster_frees_expired_sessions", &Redis::PROGRAMS) {
        return;
    }
    let _serial = SERIAL.lock().await;
    let cluster = RedisCluster::start().unwrap();
    let store = RedisStore::open(cluster.url()).await.unwrap();
    let primaries = cluster.primaries().unwrap();
    let ask = |words: &[&str]| {
        let answers = primaries.iter().map(|node| cluster.cli(*node, words));
        answers.map(Result::unwrap).collect()
    };
    frees("redis-cluster", store, ask, scale(5_000)).await;
}
