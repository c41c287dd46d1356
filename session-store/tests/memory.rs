//! The memory store passes the suite, and stands threads.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "memory")]

use std::sync::{Arc, Barrier};
use std::thread;

use session_core::{Command, Outcome, Record, Revision, Revoke, Store};
use session_store::MemoryStore;
use session_testkit::{key_of, moment_at, record_of, store_suite};

fn owned(number: u32) -> Record {
    Record {
        owner: Some("ada".into()),
        ..record_of(number)
    }
}

async fn insert(store: &MemoryStore, key: u64, record: &Record) -> Outcome {
    let key = &key_of(key);
    let insert = Command::Insert { key, record };
    store.write(insert, moment_at(0)).await.unwrap()
}

async fn relocate(store: &MemoryStore, (key, with): (u64, u64), state: u32) -> Outcome {
    let replace = Command::Replace {
        key: &key_of(key),
        expected: Revision::from_i64(state.into()),
        with: &key_of(with),
        record: &owned(state + 1),
        remembered: moment_at(60),
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
fn moves_in_both_directions_do_not_deadlock() {
    let store = &MemoryStore::new();
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            scope.spawn(move || {
                pollster::block_on(async {
                    // The keys of a thread lie in many parts of the store, in every order.
                    let place = |state: u64| thread * 10_000 + state;
                    insert(store, place(0), &owned(0)).await;
                    for state in 0..2_000 {
                        let path = (place(state), place(state + 1));
                        let outcome = relocate(store, path, u32::try_from(state).unwrap()).await;
                        assert_eq!(outcome, Outcome::Applied);
                    }
                });
            });
        }
    });
    assert_eq!(store.len(), 8);
}

#[test]
fn a_session_that_moves_is_always_one_device() {
    let store = &MemoryStore::new();
    pollster::block_on(insert(store, 0, &owned(0)));
    thread::scope(|scope| {
        let moving = scope.spawn(|| {
            pollster::block_on(async {
                for state in 0..5_000_u32 {
                    let path = (u64::from(state), u64::from(state) + 1);
                    relocate(store, path, state).await;
                }
            });
        });
        while !moving.is_finished() {
            let devices = pollster::block_on(store.devices("ada", moment_at(0)));
            assert_eq!(devices.unwrap().len(), 1);
        }
    });
}

#[test]
fn a_session_that_moves_does_not_escape_revocation() {
    for round in 0..200 {
        let store = &MemoryStore::new();
        pollster::block_on(insert(store, 0, &owned(0)));
        thread::scope(|scope| {
            scope.spawn(|| {
                pollster::block_on(async {
                    for state in 0..200_u32 {
                        let path = (u64::from(state), u64::from(state) + 1);
                        relocate(store, path, state).await;
                    }
                });
            });
            let revoked = pollster::block_on(store.revoke("ada", Revoke::All, moment_at(0)));
            assert_eq!(revoked.unwrap(), 1, "round {round}");
        });
        assert!(store.is_empty());
    }
}

#[test]
fn a_logout_by_the_old_key_and_a_move_see_each_other() {
    let mut survived = 0;
    for round in 0..2_000 {
        let store = &MemoryStore::new();
        let (old, key, next) = (3 * round, 3 * round + 1, 3 * round + 2);
        pollster::block_on(insert(store, old, &owned(0)));
        pollster::block_on(relocate(store, (old, key), 0));
        let start = &Barrier::new(2);
        let moved = thread::scope(|scope| {
            let moving = scope.spawn(move || {
                start.wait();
                pollster::block_on(relocate(store, (key, next), 1))
            });
            start.wait();
            let key = &key_of(old);
            let deleted = pollster::block_on(store.write(Command::Delete { key }, moment_at(0)));
            assert_eq!(deleted.unwrap(), Outcome::Applied);
            moving.join().unwrap()
        });
        // Either there was nothing left to move, or the old key was forgotten already.
        let lives = pollster::block_on(store.load(&key_of(next), moment_at(0)));
        let lives = usize::from(lives.unwrap().is_some());
        assert_eq!(
            lives,
            usize::from(moved == Outcome::Applied),
            "round {round}"
        );
        assert_eq!(store.len(), lives, "round {round}");
        survived += lives;
    }
    println!("{survived} of 2000 moves came first");
}

#[test]
fn a_session_takes_450_bytes() {
    // Just too many for tables of 1792: half of each is spare, the worst case.
    const SESSIONS: u32 = 120_000;
    let store = MemoryStore::new();
    let used = allocation_counter::measure(|| {
        pollster::block_on(async {
            for number in 0..SESSIONS {
                let record = Record {
                    data: "x".repeat(200).into(),
                    ..record_of(number)
                };
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
