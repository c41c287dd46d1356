//! Commands on one row that race, again and again.

use std::sync::Arc;

use session_core::{Command, Only, Outcome, Record, Revision, Revoke, Store as _, Whose};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

use super::fresh_store;

const ROUNDS: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_while_it_is_replaced_is_gone() {
    let Some(store) = fresh_store().await.map(Arc::new) else {
        return;
    };
    for round in 0..ROUNDS {
        let key = key_of(round);
        let insert = Command::Insert {
            key: &key,
            record: &owned(1, 100),
        };
        let inserted = store.write(insert, moment_at(0)).await.unwrap();
        assert_eq!(inserted, Outcome::Applied);
        let replacing = Arc::clone(&store);
        let replaced = tokio::spawn(async move {
            let replace = Command::Replace {
                key: &key,
                expected: Revision::from_i64(1),
                // A shorter life moves the row backwards in an index.
                record: &owned(2, 50),
            };
            replacing.write(replace, moment_at(0)).await.unwrap()
        });
        let sweeping = Arc::clone(&store);
        let swept = tokio::spawn(async move { sweeping.sweep(moment_at(0), 10).await.unwrap() });
        if round % 2 == 0 {
            let only = Only::Opened(&digest_of(0));
            let delete = Command::Delete { key: &key, only };
            let deleted = store.write(delete, moment_at(0)).await.unwrap();
            assert_eq!(deleted, Outcome::Applied);
        } else {
            let revoked = store
                .revoke(Whose::Owner("ada", Revoke::All), moment_at(0))
                .await;
            assert_eq!(revoked.unwrap(), 1, "round {round}");
        }
        let replaced = replaced.await.unwrap();
        assert_eq!(swept.await.unwrap(), 0);
        let found = store.load(&key, &digest_of(0), moment_at(0)).await;
        assert_eq!(found.unwrap(), None, "round {round}, it was {replaced:?}");
        assert_eq!(
            store
                .devices("ada", None, moment_at(0), 1_000)
                .await
                .unwrap(),
            []
        );
    }
}

/// Some lives are extended meanwhile by a clock that is behind.
///
/// Each session stays or is removed once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sweeps_remove_all_expired_sessions() {
    let Some(store) = fresh_store().await.map(Arc::new) else {
        return;
    };
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
    let mut extended = 0;
    for number in (0..400).rev().step_by(5) {
        let touch = Command::Touch {
            key: &key_of(number),
            expected: Revision::from_i64(1),
            seen: moment_at(99),
            expires: moment_at(200),
        };
        let outcome = store.write(touch, moment_at(99)).await.unwrap();
        extended += usize::from(outcome == Outcome::Applied);
    }
    let mut swept = 0;
    for sweeper in sweepers {
        swept += sweeper.await.unwrap();
    }
    // With SKIP LOCKED a sweep may end while another one has rows locked.
    swept += store.sweep(moment_at(100), 1_000).await.unwrap();
    assert_eq!(swept, 400 - extended);
    let left = store
        .devices("ada", None, moment_at(100), 1_000)
        .await
        .unwrap();
    assert_eq!(left.len(), extended);
}

fn owned(revision: u32, expires: i64) -> Record {
    changed!(
        record_of(revision),
        owner = Some("ada".into()),
        expires = moment_at(expires)
    )
}
