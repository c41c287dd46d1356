use std::cell::{Cell, RefCell};
use std::future::pending;
use std::time::Duration as Time;

use session_core::{Moment, Store, StoreError, sweep_in_batches};
use time::Duration;
use tokio::sync::Notify;

use crate::output::Output;
use crate::progress::Progress;
use crate::trouble::Trouble;
use crate::walk::now;

/// Removes what has been over for the margin.
pub(crate) async fn run(store: &dyn Store, output: Output) -> Result<(), Trouble> {
    let progress = Progress::of("removed");
    // What ends meanwhile is the next sweep's.
    let swept = sweep(store, now().saturating_sub(MARGIN), |count| {
        progress.add(count);
    });
    let Swept { removed, failed } = swept.await;
    drop(progress);
    if let Some(error) = failed {
        return Err(Trouble::after(removed, error));
    }
    output.say(
        &[("removed", removed.into())],
        &format!("removed {removed} sessions that were over"),
    )
}

/// What a round has done.
struct Swept {
    removed: usize,
    /// Why it ended early.
    failed: Option<StoreError>,
}

/// Makes one round as a store's own sweep does, whose batches and rests let requests hardly notice it.
async fn sweep(store: &dyn Store, over: Moment, tell: impl Fn(usize)) -> Swept {
    let (removed, failed, round_is_over) = (Cell::new(0), RefCell::new(None), Notify::new());
    let step = async |most: usize| match store.sweep(over, most).await {
        Ok(count) => {
            removed.set(removed.get() + count);
            tell(count);
            count
        }
        Err(error) => {
            *failed.borrow_mut() = Some(error);
            0
        }
    };
    let step = &step;
    let batch = |_, most| async move { Ok(step(most).await) };
    let pause = |time| {
        let round_is_over = &round_is_over;
        async move {
            if time == NEVER {
                round_is_over.notify_one();
                return pending().await;
            }
            tokio::time::sleep(time).await;
        }
    };
    sweep_in_batches(NEVER, now, batch, pause, round_is_over.notified()).await;
    Swept {
        removed: removed.get(),
        failed: failed.into_inner(),
    }
}

/// When the next round would begin.
const NEVER: Time = Time::MAX;

/// As of a store's own sweep: this machine's clock may be fast, and what is over here may still be live for the nodes.
const MARGIN: Duration = Duration::minutes(5);

#[cfg(test)]
mod tests {
    use session_core::{Command, Outcome};
    use session_testkit::{FaultyStore, ModelStore, key_of, moment_at, record_of};

    use super::*;

    #[tokio::test]
    async fn all_that_is_over_goes_in_one_round() {
        let store = ModelStore::new();
        for number in 0..3_000 {
            let (key, record) = (&key_of(number), &record_of(1));
            let insert = Command::Insert { key, record };
            let outcome = store.write(insert, moment_at(0)).await.unwrap();
            assert_eq!(outcome, Outcome::Applied);
        }
        let told = Cell::new(0);
        let tell = |count| told.set(told.get() + count);
        for (over, removed) in [(0, 0), (1_000_000, 3_000), (1_000_000, 0)] {
            let swept = sweep(&store, moment_at(over), tell).await;
            assert_eq!(swept.removed, removed, "{over}");
            assert!(swept.failed.is_none(), "{over}");
        }
        assert_eq!(told.get(), 3_000);
    }

    #[tokio::test]
    async fn what_was_removed_before_a_failure_is_told() {
        let store = FaultyStore::new(ModelStore::new());
        for number in 0..3_000 {
            let (key, record) = (&key_of(number), &record_of(1));
            let insert = Command::Insert { key, record };
            store.write(insert, moment_at(0)).await.unwrap();
        }
        // After the first batch the store is down.
        let swept = sweep(&store, moment_at(1_000_000), |_| store.go_down()).await;
        assert!(
            swept.removed > 0 && swept.removed < 3_000,
            "{}",
            swept.removed
        );
        let trouble = Trouble::after(swept.removed, swept.failed.unwrap()).to_string();
        let told = format!("removed {} sessions, and then: ", swept.removed);
        assert!(
            trouble.starts_with(&told) && trouble.len() > told.len(),
            "{trouble}"
        );
        let nothing = Trouble::after(0, StoreError::new("it is down"));
        assert_eq!(nothing.to_string(), "it is down");
    }
}
