//! Expiry, `sweep` and `check`.
//!
//! No case requires that a record which is over still exists: a store may have freed it.

use session_core::Outcome::Applied;
use session_core::{Only, Revoke};
use time::Duration;

use crate::changed;
use crate::store_fixture::{Rig, key_of, moment_at, owned_by, record_of, until};

pub(crate) async fn a_record_is_over_when_its_end_is_now(rig: &Rig) {
    let record = owned_by("ada", 1);
    rig.add(&record).await;
    for now in [100, 101] {
        // A load may return it, but only unchanged.
        let found = rig.load_by(&key_of(1), 0, now).await;
        assert!(found.is_none_or(|found| found == record));
        assert_eq!(rig.devices("ada", now).await, []);
    }
    assert_eq!(rig.revoke("ada", Revoke::All, 100).await, 0);
}

pub(crate) async fn a_microsecond_before_its_end_a_record_lives(rig: &Rig) {
    let record = changed!(
        owned_by("ada", 1),
        expires = moment_at(100) + Duration::MICROSECOND
    );
    rig.add(&record).await;
    assert_eq!(rig.sweep(100, 10).await, 0);
    rig.delete(1, Only::Over(moment_at(100)), 100).await;
    assert_eq!(rig.load(1, 100).await, Some(record));
    // Nanoseconds of the clock do not end it either.
    for finer in [0, 999].map(Duration::nanoseconds) {
        let devices = rig.0.devices("ada", None, moment_at(100) + finer, 10).await;
        assert_eq!(devices.expect("the store lists").len(), 1, "{finer}");
    }
    assert_eq!(rig.touch(1, 1, (100, 200), 100).await, Applied);
}

pub(crate) async fn a_sweep_removes_exactly_the_expired(rig: &Rig) {
    for number in 1..=40 {
        rig.add(&until(number.into(), owned_by("ada", number)))
            .await;
    }
    // A clock that is behind does not see swept records either.
    for (now, swept) in [(0, 0), (15, 15), (40, 25)] {
        assert_eq!(rig.sweep(now, 1_000).await, swept);
        assert_eq!(rig.sweep(now, usize::MAX).await, 0);
        let left: Vec<_> = (now.unsigned_abs() + 1..=40).collect();
        assert_eq!(rig.stored(1..=40).await, left);
        assert_eq!(rig.owned("ada", now).await, left);
        assert_eq!(rig.owned("ada", 0).await, left);
    }
}

pub(crate) async fn a_sweep_keeps_to_its_limit(rig: &Rig) {
    for number in 1..=25 {
        rig.add(&record_of(number)).await;
    }
    let mut before = rig.stored(1..=25).await.len();
    assert_eq!(rig.sweep(100, 0).await, 0);
    for limit in [1, 10, 10, 10, 10] {
        let swept = rig.sweep(100, limit).await;
        let after = rig.stored(1..=25).await.len();
        assert!(swept <= limit);
        // Records that the store had freed before are not counted.
        assert_eq!(swept, before - after);
        before = after;
    }
    assert_eq!(before, 0);
    assert_eq!(rig.sweep(100, 10).await, 0);
}

pub(crate) async fn a_check_of_a_good_store_succeeds_and_leaves_nothing(rig: &Rig) {
    rig.add(&record_of(1)).await;
    for _ in 0..3 {
        rig.0.check().await.expect("the store is good");
    }
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    rig.delete(1, Only::Always, 0).await;
    assert_eq!(rig.sweep(1_000_000, 10).await, 0);
}
