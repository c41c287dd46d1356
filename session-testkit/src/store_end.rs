//! How records end: `Delete`, expiry, `sweep`; and that `check` leaves everything alone.

use session_core::{Command, Found, Outcome, Record, Revision, Revoke};
use time::Duration;

use crate::store_fixture::{Rig, handle_of, key_of, moment_at, owned_by, record_of};

pub(crate) async fn a_deleted_record_is_gone(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.insert(2, &owned_by("ada", 2), 0).await;
    assert_eq!(rig.delete(1, 0).await, Outcome::Applied);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.load(2, 0).await, Some(owned_by("ada", 2)));
    assert_eq!(rig.handles("ada", 0).await, [handle_of(2)]);
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(3), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.touch(1, 1, (50, 150), 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, None);
}

pub(crate) async fn a_delete_is_always_applied(rig: &Rig) {
    assert_eq!(rig.delete(1, 0).await, Outcome::Applied);
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.delete(1, 0).await, Outcome::Applied);
    assert_eq!(rig.delete(1, 0).await, Outcome::Applied);
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.delete(1, 100).await, Outcome::Applied);
}

pub(crate) async fn a_deleted_key_can_be_used_again(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.delete(1, 0).await;
    assert_eq!(
        rig.insert(1, &owned_by("bob", 2), 0).await,
        Outcome::Applied
    );
    assert_eq!(rig.load(1, 0).await, Some(owned_by("bob", 2)));
    assert_eq!(rig.handles("ada", 0).await, []);
}

pub(crate) async fn a_record_is_dead_when_its_end_is_now(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.devices("ada", 100).await, []);
    assert_eq!(rig.revoke("ada", Revoke::All, 100).await, 0);
    assert_eq!(rig.touch(1, 1, (100, 200), 100).await, Outcome::Refused);
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(2), 100).await,
        Outcome::Refused
    );
    assert_eq!(
        rig.replace(1, 1, 2, &record_of(2), 100).await,
        Outcome::Refused
    );
    assert_eq!(rig.sweep(100, 10).await, 1);
}

pub(crate) async fn a_microsecond_before_its_end_a_record_lives(rig: &Rig) {
    let now = moment_at(100) - Duration::MICROSECOND;
    let record = owned_by("ada", 1);
    let store = &rig.0;
    rig.insert(1, &record, 0).await;
    let found = store.load(&key_of(1), now).await.expect("the store loads");
    assert_eq!(found, Some(Found::Here(record)));
    let swept = store.sweep(now, 10).await.expect("the store sweeps");
    assert_eq!(swept, 0);
    let devices = store.devices("ada", now).await.expect("the store lists");
    assert_eq!(devices.len(), 1);
    // What is finer than a microsecond does not kill it either.
    let nearly = now + Duration::nanoseconds(999);
    let found = store.load(&key_of(1), nearly).await;
    assert!(found.expect("the store loads").is_some());
    let touch = Command::Touch {
        key: &key_of(1),
        expected: Revision::from_i64(1),
        seen: now,
        expires: moment_at(200),
    };
    let touched = store.write(touch, now).await.expect("the store writes");
    assert_eq!(touched, Outcome::Applied);
}

pub(crate) async fn an_expired_record_comes_back_for_nobody(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    let long = Record {
        expires: moment_at(300),
        ..owned_by("ada", 2)
    };
    assert_eq!(rig.insert(1, &long, 100).await, Outcome::Applied);
    // A writer that still believes in the first one.
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(3), 100).await,
        Outcome::Refused
    );
    assert_eq!(rig.touch(1, 1, (100, 900), 100).await, Outcome::Refused);
    assert_eq!(rig.load(1, 100).await, Some(long));
    assert_eq!(rig.handles("ada", 100).await, [handle_of(2)]);
}

pub(crate) async fn a_sweep_removes_exactly_the_expired(rig: &Rig) {
    for number in 1..=40 {
        let record = Record {
            expires: moment_at(i64::from(number)),
            ..owned_by("ada", number)
        };
        rig.insert(u64::from(number), &record, 0).await;
    }
    assert_eq!(rig.sweep(0, 1_000).await, 0);
    assert_eq!(rig.sweep(15, 1_000).await, 15);
    assert_eq!(rig.sweep(15, 1_000).await, 0);
    for number in 16..=40 {
        assert!(rig.load(number, 15).await.is_some(), "{number} was swept");
    }
    assert_eq!(rig.handles("ada", 15).await.len(), 25);
    // What is swept is gone also for one whose clock is behind.
    for number in 1..=15 {
        assert_eq!(rig.load(number, 0).await, None, "{number} was not swept");
    }
    assert_eq!(rig.handles("ada", 0).await.len(), 25);
    assert_eq!(rig.sweep(40, 1_000).await, 25);
}

pub(crate) async fn a_sweep_keeps_to_its_limit(rig: &Rig) {
    for number in 1..=25 {
        rig.insert(u64::from(number), &record_of(number), 0).await;
    }
    assert_eq!(rig.sweep(100, 0).await, 0);
    assert_eq!(rig.sweep(100, 1).await, 1);
    let mut rounds = Vec::new();
    while rounds.last() != Some(&0) && rounds.len() < 10 {
        rounds.push(rig.sweep(100, 10).await);
    }
    assert_eq!(rounds, [10, 10, 4, 0]);
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
    assert_eq!(rig.sweep(100, 10).await, 1);
    assert_eq!(rig.sweep(100, 10).await, 0);
}
