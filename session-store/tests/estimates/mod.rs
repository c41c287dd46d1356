//! What a store says about how many sessions it has.

use futures_util::future::try_join_all;
use session_core::{Command, Key, Outcome, Store, Whose};
use session_testkit::{moment_at, record_of};

/// How many there are in all of these steps: more than a sample has.
const MANY: u64 = 4_000;

/// Lets a store have more and more sessions, and then fewer. `key` makes the key of a number.
pub async fn are_near(store: &dyn Store, key: impl Fn(u64) -> Key) {
    let mut count = 0;
    for (more, error) in [(0, 0), (1, 0), (999, 0), (MANY - 1_000, 12)] {
        for number in count..count + more {
            // Some at a time, for stores that wait for a disk or a server.
            if number % 50 == 0 || number == count {
                let end = (number / 50 * 50 + 50).min(count + more);
                insert(store, (number..end).map(&key).collect()).await;
            }
        }
        count += more;
        is_near(store, count, error).await;
    }
    let ends = (0..MANY / 2).map(&key).collect::<Vec<_>>();
    for keys in ends.chunks(50) {
        let deletes = keys.iter().map(|key| {
            let only = session_core::Only::Always;
            store.write(Command::Delete { key, only }, moment_at(0))
        });
        try_join_all(deletes).await.unwrap();
    }
    is_near(store, MANY / 2, 12).await;
    store.revoke(Whose::Everybody, moment_at(0)).await.unwrap();
    is_near(store, 0, 0).await;
}

async fn insert(store: &dyn Store, keys: Vec<Key>) {
    let record = &record_of(1);
    let inserts = keys.iter().map(|key| {
        let insert = Command::Insert { key, record };
        store.write(insert, moment_at(0))
    });
    let outcomes = try_join_all(inserts).await.unwrap();
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
}

/// Checks that a store counts so many sessions, with an error of so many hundredths at most.
pub async fn is_near(store: &dyn Store, count: u64, error: u64) {
    let told = store.estimate().await.unwrap().unwrap();
    let off = told.abs_diff(count);
    assert!(off * 100 <= count * error, "{told} for {count}");
}
