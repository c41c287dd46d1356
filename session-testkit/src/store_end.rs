//! How records end by themselves: expiry and `sweep`; and that `check` leaves everything alone.
//!
//! No case demands that a record which is over is still there: a store may have freed it.

use session_core::{Command, Only, Outcome, Revision, Revoke};
use time::Duration;

use crate::store_fixture::{Rig, digest_of, key_of, moment_at, owned_by, record_of, until};

/// Counts the records under the keys that are not freed, by a clock before any of them is over.
async fn kept(rig: &Rig, keys: std::ops::RangeInclusive<u64>) -> usize {
    let mut kept = 0;
    for key in keys {
        kept += usize::from(rig.load(key, 0).await.is_some());
    }
    kept
}

pub(crate) async fn a_record_is_over_when_its_end_is_now(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.devices("ada", 100).await, []);
    assert_eq!(rig.touch(1, 1, (100, 200), 100).await, Outcome::Refused);
    assert_eq!(
        rig.replace(1, 1, &record_of(2), 100).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.revoke("ada", Revoke::All, 100).await, 0);
}

pub(crate) async fn a_microsecond_before_its_end_a_record_lives(rig: &Rig) {
    let now = moment_at(100) - Duration::MICROSECOND;
    let (key, record) = (&key_of(1), owned_by("ada", 1));
    let store = &rig.0;
    let load = async |now| {
        let found = store.load(key, &digest_of(0), now).await;
        found.expect("the store loads")
    };
    rig.insert(1, &record, 0).await;
    assert_eq!(load(now).await, Some(record));
    let swept = store.sweep(now, 10).await.expect("the store sweeps");
    assert_eq!(swept, 0);
    let only = Only::Over(now);
    let deleted = store.write(Command::Delete { key, only }, now).await;
    assert_eq!(deleted.expect("the store writes"), Outcome::Applied);
    let devices = store.devices("ada", now).await.expect("the store lists");
    assert_eq!(devices.len(), 1);
    // What is finer than a microsecond does not end it either.
    assert!(load(now + Duration::nanoseconds(999)).await.is_some());
    let touch = Command::Touch {
        key,
        expected: Revision::from_i64(1),
        seen: now,
        expires: moment_at(200),
    };
    let touched = store.write(touch, now).await.expect("the store writes");
    assert_eq!(touched, Outcome::Applied);
}

pub(crate) async fn an_expired_record_comes_back_for_nobody(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.delete(1, Only::Over(moment_at(100)), 100).await;
    let long = until(300, owned_by("ada", 2));
    assert_eq!(rig.insert(1, &long, 100).await, Outcome::Applied);
    // A writer that still believes in the first one.
    assert_eq!(
        rig.replace(1, 1, &record_of(3), 100).await,
        Outcome::Refused
    );
    assert_eq!(rig.touch(1, 1, (100, 900), 100).await, Outcome::Refused);
    assert_eq!(rig.load(1, 100).await, Some(long));
    assert_eq!(rig.owned("ada", 100).await, [1]);
}

pub(crate) async fn a_sweep_removes_exactly_the_expired(rig: &Rig) {
    for number in 1..=40 {
        let record = until(i64::from(number), owned_by("ada", number));
        rig.insert(u64::from(number), &record, 0).await;
    }
    assert_eq!(rig.sweep(0, 1_000).await, 0);
    assert_eq!(kept(rig, 1..=40).await, 40);
    assert_eq!(rig.sweep(15, 1_000).await, 15);
    // It is gone also for one whose clock is behind.
    assert_eq!(kept(rig, 1..=15).await, 0);
    assert_eq!(kept(rig, 16..=40).await, 25);
    assert_eq!(rig.sweep(15, 1_000).await, 0);
    assert_eq!(rig.owned("ada", 15).await.len(), 25);
    assert_eq!(rig.owned("ada", 0).await.len(), 25);
    assert_eq!(rig.sweep(40, 1_000).await, 25);
    assert_eq!(kept(rig, 1..=40).await, 0);
}

pub(crate) async fn a_sweep_keeps_to_its_limit(rig: &Rig) {
    for number in 1..=25 {
        rig.insert(u64::from(number), &record_of(number), 0).await;
    }
    let mut before = kept(rig, 1..=25).await;
    assert_eq!(rig.sweep(100, 0).await, 0);
    for limit in [1, 10, 10, 10, 10] {
        let swept = rig.sweep(100, limit).await;
        let after = kept(rig, 1..=25).await;
        assert!(swept <= limit);
        // Whatever the store had freed before.
        assert_eq!(swept, before - after);
        before = after;
    }
    assert_eq!(before, 0);
    assert_eq!(rig.sweep(100, 10).await, 0);
}

pub(crate) async fn a_sweep_of_nothing_removes_nothing(rig: &Rig) {
    assert_eq!(rig.sweep(0, 10).await, 0);
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.sweep(99, 10).await, 0);
    assert_eq!(rig.sweep(99, usize::MAX).await, 0);
    assert_eq!(rig.load(1, 99).await, Some(record_of(1)));
}

pub(crate) async fn a_check_of_a_good_store_succeeds_and_leaves_nothing(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    for _ in 0..3 {
        rig.0.check().await.expect("the store is good");
    }
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    rig.delete(1, Only::Always, 0).await;
    assert_eq!(rig.sweep(1_000_000, 10).await, 0);
}
