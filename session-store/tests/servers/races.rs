//! Commands that meet at one row, again and again.

use std::sync::Arc;

use session_core::{Command, Outcome, Record, Revision, Revoke, Store};
use session_testkit::{key_of, moment_at, record_of};

const ROUNDS: u64 = 200;

/// Ends sessions while they are moved: nothing of them is left, whichever came first.
pub async fn an_end_wins_against_a_move(store: Arc<dyn Store>) {
    for round in 0..ROUNDS {
        let (old, new) = (key_of(2 * round), key_of(2 * round + 1));
        let insert = Command::Insert {
            key: &old,
            record: &owned(1, 100),
        };
        let inserted = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
        let movers = Arc::clone(&store);
        let moved = tokio::spawn(async move {
            let replace = Command::Replace {
                key: &old,
                expected: Revision::from_i64(1),
                with: &new,
                // A shorter life, which moves it backwards in an index.
                record: &owned(2, 50),
                remembered: moment_at(10),
            };
            movers.write(replace, moment_at(0)).await.unwrap()
        });
        let sweepers = Arc::clone(&store);
        let swept = tokio::spawn(async move { sweepers.sweep(moment_at(0), 10).await.unwrap() });
        if round % 2 == 0 {
            let delete = Command::Delete { key: &old };
            let deleted = store.write(delete, moment_at(0)).await.unwrap();
            assert_eq!(deleted, Outcome::Applied);
        } else {
            let revoked = store.revoke("ada", Revoke::All, moment_at(0)).await;
            assert_eq!(revoked.unwrap(), 1, "round {round}");
        }
        let moved = moved.await.unwrap();
        assert_eq!(swept.await.unwrap(), 0);
        for key in [old, new] {
            let found = store.load(&key, moment_at(0)).await.unwrap();
            assert_eq!(found, None, "round {round}, the move was {moved:?}");
        }
        assert_eq!(store.devices("ada", moment_at(0)).await.unwrap(), []);
    }
}

/// Removes expired sessions from several sides while others are put over them: each of them is
/// removed once, and what is new stays.
pub async fn sweeps_share_the_work(store: Arc<dyn Store>) {
    for number in 0..400 {
        let insert = Command::Insert {
            key: &key_of(number),
            record: &owned(1, 100),
        };
        store.write(insert, moment_at(0)).await.unwrap();
    }
    let sweepers: Vec<_> = (0..4)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut count = 0;
                loop {
                    match store.sweep(moment_at(100), 7).await.unwrap() {
                        0 => return count,
                        swept => count += swept,
                    }
                }
            })
        })
        .collect();
    for number in (0..400).rev().step_by(10) {
        let insert = Command::Insert {
            key: &key_of(number),
            record: &owned(2, 200),
        };
        let outcome = store.write(insert, moment_at(100)).await.unwrap();
        assert_eq!(outcome, Outcome::Applied);
    }
    let mut swept = 0;
    for sweeper in sweepers {
        swept += sweeper.await.unwrap();
    }
    // With SKIP LOCKED a sweep may end while another still has some rows.
    swept += store.sweep(moment_at(100), 1_000).await.unwrap();
    assert!((360..=400).contains(&swept), "{swept}");
    let left = store.devices("ada", moment_at(100)).await.unwrap();
    assert_eq!(left.len(), 40);
}

fn owned(revision: u32, expires: i64) -> Record {
    Record {
        owner: Some("ada".into()),
        expires: moment_at(expires),
        ..record_of(revision)
    }
}
