//! The memory store passes the suite, and is correct with many threads.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "memory")]

use std::sync::{Arc, Barrier};
use std::thread;

use session_core::{Command, Only, Outcome, Record, Remembered, Revision, Revoke, Store, Whose};
use session_store::MemoryStore;
use session_testkit::{changed, digest_of, key_of, moment_at, record_of, store_suite};

fn owned(number: u32) -> Record {
    changed!(record_of(number), owner = Some("ada".into()))
}

async fn insert(store: &MemoryStore, key: u64, record: &Record) -> Outcome {
    let key = &key_of(key);
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap()
}

/// Rotates the secret from the digest of a number to that of the next.
async fn rotate(store: &MemoryStore, key: u64, state: u32) -> Outcome {
    let mut record = owned(state + 1);
    record.secrets.present = digest_of(u64::from(state) + 1);
    record.secrets.remembered = Some(Remembered::new(digest_of(state.into()), moment_at(10)));
    let replace = Command::Replace {
        key: &key_of(key),
        expected: Revision::from_i64(state.into()),
        record: &record,
    };
    store.write(replace, moment_at(0)).await.unwrap()
}

#[tokio::test]
async fn memory_passes_the_suite() {
    store_suite("memory", async || {
        Arc::new(MemoryStore::new()) as Arc<dyn Store>
    })
    .await;
}

#[tokio::test]
async fn it_needs_no_runtime_and_clones_are_the_same_store() {
    let store = MemoryStore::new();
    let other = store.clone();
    let applied = thread::spawn(move || pollster::block_on(insert(&other, 1, &record_of(1))));
    assert_eq!(applied.join().unwrap(), Outcome::Applied);
    assert_eq!(store.len(), 1);
    assert_eq!(format!("{store:?}"), "MemoryStore { sessions: 1 }");
}

#[test]
fn threads_neither_block_nor_lose() {
    let store = &MemoryStore::new();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            scope.spawn(move || {
                pollster::block_on(async {
                    insert(store, thread, &owned(0)).await;
                    for state in 0..2_000 {
                        assert_eq!(rotate(store, thread, state).await, Outcome::Applied);
                    }
                });
            });
        }
    });
    assert_eq!(store.len(), 8);
    let devices = pollster::block_on(store.devices("ada", None, moment_at(0), 1_000));
    assert_eq!(devices.unwrap().len(), 8);
}

#[test]
fn a_session_that_is_written_is_always_one_device() {
    let store = &MemoryStore::new();
    pollster::block_on(insert(store, 0, &owned(0)));
    thread::scope(|scope| {
        let writing = scope.spawn(|| {
            pollster::block_on(async {
                for state in 0..5_000 {
                    assert_eq!(rotate(store, 0, state).await, Outcome::Applied);
                }
            });
        });
        while !writing.is_finished() {
            let devices = pollster::block_on(store.devices("ada", None, moment_at(0), 1_000));
            assert_eq!(devices.unwrap().len(), 1);
        }
    });
}

#[test]
fn a_session_that_is_written_does_not_escape_revocation() {
    for round in 0..200 {
        let store = &MemoryStore::new();
        pollster::block_on(insert(store, 0, &owned(0)));
        thread::scope(|scope| {
            scope.spawn(|| {
                pollster::block_on(async {
                    for state in 0..200 {
                        rotate(store, 0, state).await;
                    }
                });
            });
            let revoked =
                pollster::block_on(store.revoke(Whose::Owner("ada", Revoke::All), moment_at(0)));
            assert_eq!(revoked.unwrap(), 1, "round {round}");
        });
        assert!(store.is_empty());
    }
}

#[test]
fn a_logout_by_the_old_secret_and_a_rotation_see_each_other() {
    let mut survived = 0;
    for round in 0..2_000 {
        let store = &MemoryStore::new();
        // The logout has the secret that the second rotation forgets.
        pollster::block_on(insert(store, round, &owned(0)));
        pollster::block_on(rotate(store, round, 0));
        let start = &Barrier::new(2);
        let rotated = thread::scope(|scope| {
            let rotation = scope.spawn(move || {
                start.wait();
                pollster::block_on(rotate(store, round, 1))
            });
            start.wait();
            let (key, digest) = (&key_of(round), &digest_of(0));
            let only = Only::Opened(digest);
            let delete = Command::Delete { key, only };
            let deleted = pollster::block_on(store.write(delete, moment_at(0)));
            assert_eq!(deleted.unwrap(), Outcome::Applied);
            rotation.join().unwrap()
        });
        // Either the session was gone, or the old secret was forgotten already.
        let lives = usize::from(rotated == Outcome::Applied);
        assert_eq!(store.len(), lives, "round {round}");
        survived += lives;
    }
    println!("{survived} of 2000 rotations came first");
}

#[test]
fn a_session_takes_450_bytes() {
    // Just too many for tables of 1,792: the worst case, with half of each spare.
    const SESSIONS: u32 = 120_000;
    let store = MemoryStore::new();
    let used = allocation_counter::measure(|| {
        pollster::block_on(async {
            for number in 0..SESSIONS {
                let record = changed!(record_of(number), data = "x".repeat(200).into());
                insert(&store, number.into(), &record).await;
            }
        });
    });
    let each = used.bytes_current / i64::from(SESSIONS);
    assert!(each <= 450, "{each} bytes a session");
    let freed = allocation_counter::measure(|| {
        let swept = pollster::block_on(store.sweep(moment_at(100), usize::MAX));
        assert_eq!(swept.unwrap(), SESSIONS as usize);
    });
    assert_eq!(freed.bytes_current, -used.bytes_current);
}

async fn begin(store: &MemoryStore, number: u32, seen: i64, owner: Option<&str>) -> bool {
    let record = &changed!(
        record_of(number),
        owner = owner.map(Into::into),
        seen = moment_at(seen),
        expires = moment_at(1_000_000),
        data = "x".repeat(1_000).into()
    );
    let key = &key_of(number.into());
    let insert = Command::Insert { key, record };
    match store.write(insert, moment_at(seen)).await {
        Ok(outcome) => {
            assert_eq!(outcome, Outcome::Applied);
            true
        }
        Err(error) => {
            assert!(error.to_string().contains("full"), "{error}");
            false
        }
    }
}

async fn stored(store: &MemoryStore, numbers: std::ops::Range<u32>) -> usize {
    let mut stored = 0;
    for number in numbers {
        let (key, secret) = (key_of(number.into()), digest_of(0));
        let found = store.load(&key, &secret, moment_at(0)).await;
        stored += usize::from(found.unwrap().is_some());
    }
    stored
}

#[tokio::test]
async fn a_flood_of_visitors_takes_no_more_than_the_limit_and_ends_no_owner_s_session() {
    let store = MemoryStore::with_limit(1_300 * 300);
    for number in 0..100 {
        assert!(begin(&store, number, 0, Some("ada")).await);
    }
    for number in 100..5_000 {
        assert!(begin(&store, number, number.into(), None).await);
    }
    assert_eq!(stored(&store, 0..100).await, 100);
    assert!((250..=330).contains(&store.len()), "{}", store.len());
    // Of the visitors mostly the last ones are left.
    let late = stored(&store, 4_000..5_000).await;
    assert!(late > (store.len() - 100) / 2, "{late}");
}

#[tokio::test]
async fn a_store_that_is_full_of_owners_says_so_and_what_is_over_makes_room() {
    let store = MemoryStore::with_limit(1_300 * 50);
    let mut number = 0;
    while begin(&store, number, 0, Some("ada")).await {
        number += 1;
    }
    assert!((40..=52).contains(&number), "{number}");
    // A larger record finds no room either, but every other command does.
    let (key, record) = (&key_of(0), &owned(1));
    let large = changed!(owned(1), data = "x".repeat(100_000).into());
    let replace = |record| Command::Replace {
        key,
        expected: Revision::from_i64(0),
        record,
    };
    let refused = store.write(replace(&large), moment_at(0)).await;
    assert!(refused.is_err());
    assert_eq!(
        stored(&store, 0..number).await,
        usize::try_from(number).unwrap()
    );
    let first = key.public_id();
    let ended = store
        .revoke(Whose::Owner("ada", Revoke::One(&first)), moment_at(0))
        .await;
    assert_eq!(ended.unwrap(), 1);
    assert!(begin(&store, number, 0, Some("ada")).await);
    // Whose time is over makes room.
    let over = 2_000_000;
    let insert = Command::Insert { key, record };
    assert_eq!(
        store.write(insert, moment_at(over)).await.unwrap(),
        Outcome::Applied
    );
    assert!(begin(&store, 1_000, over, Some("bob")).await);
}

#[tokio::test]
async fn expired_sessions_are_freed_as_new_ones_begin() {
    let store = MemoryStore::new();
    for number in 0..20_000 {
        // Each lives for 100 seconds, and one a second begins.
        let end = moment_at(i64::from(number) + 100);
        let (key, record) = (
            &key_of(number.into()),
            &changed!(record_of(number), expires = end),
        );
        let insert = Command::Insert { key, record };
        store.write(insert, moment_at(number.into())).await.unwrap();
    }
    // 100 live ones, 300 within the margin, and what is tidied once in a while.
    assert!(store.len() < 2_500, "{}", store.len());
}

#[tokio::test]
async fn a_full_store_refuses_only_what_would_make_it_larger() {
    let store = MemoryStore::with_limit(1_300 * 50);
    let mut number = 0;
    while begin(&store, number, 0, Some("ada")).await {
        number += 1;
    }
    let same = changed!(owned(5), data = "y".repeat(1_000).into());
    let replace = async |key: u64, expected: u32, record: &Record| {
        let replace = Command::Replace {
            key: &key_of(key),
            expected: Revision::from_i64(expected.into()),
            record,
        };
        store.write(replace, moment_at(0)).await.unwrap()
    };
    assert_eq!(replace(0, 0, &same).await, Outcome::Applied);
    // It is refused for its revision before anything else.
    let large = changed!(owned(1), data = "x".repeat(100_000).into());
    assert_eq!(replace(1, 7, &large).await, Outcome::Refused);
    // Whoever signs out needs no room.
    let over = changed!(large, expires = moment_at(0));
    assert_eq!(replace(1, 1, &over).await, Outcome::Applied);
    assert_eq!(store.len(), number as usize - 1);
}

#[tokio::test]
async fn everything_that_a_session_has_counts_towards_the_limit() {
    const LIMIT: usize = 1 << 20;
    let text = || Some("x".repeat(255).into());
    let short = || Some("x".into());
    let full = changed!(record_of(0), label = text(), address = text(), tag = text());
    let labelled = changed!(record_of(0), label = short());
    let tagged = changed!(record_of(0), tag = short());
    let used = [full, labelled, tagged].map(|record| {
        let store = MemoryStore::with_limit(LIMIT);
        let used = allocation_counter::measure(|| {
            pollster::block_on(async {
                for number in 0..10_000 {
                    // No text is shared.
                    let mut record = changed!(
                        record.clone(),
                        label = record.label.as_deref().map(Into::into),
                        address = record.address.as_deref().map(Into::into),
                        tag = record.tag.as_deref().map(Into::into)
                    );
                    record.secrets.remembered = Some(Remembered::new(digest_of(0), moment_at(10)));
                    insert(&store, number, &record).await;
                }
            });
        });
        usize::try_from(used.bytes_current).unwrap()
    });
    assert!(
        used.iter().all(|used| *used < LIMIT * 5 / 4),
        "{used:?} bytes"
    );
    // The index takes what was counted for it.
    let [_, labelled, tagged] = used;
    assert!(tagged < labelled * 21 / 20, "{used:?} bytes");
}

#[tokio::test]
async fn a_session_that_is_larger_than_the_limit_ends_no_other_one() {
    let store = MemoryStore::with_limit(100_000);
    for number in 0..50 {
        assert!(begin(&store, number, 0, None).await);
    }
    let large = &changed!(record_of(1), data = "x".repeat(100_000).into());
    let key = &key_of(99);
    let insert = Command::Insert { key, record: large };
    let error = store.write(insert, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("larger"), "{error}");
    assert_eq!(store.len(), 50);
}
