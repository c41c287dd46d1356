//! What `Insert` and `load` must do.

use session_core::{Outcome, Record};

use crate::store_fixture::{Rig, moment_at, record_of};

pub(crate) async fn nothing_is_there_before_it_is_inserted(rig: &Rig) {
    assert_eq!(rig.load(1, 0).await, None);
    // Asking creates nothing.
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn an_inserted_record_is_loaded(rig: &Rig) {
    assert_eq!(rig.insert(1, &record_of(1), 0).await, Outcome::Applied);
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    assert_eq!(rig.load(2, 0).await, None);
}

pub(crate) async fn an_insert_over_a_live_record_is_refused(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.insert(1, &record_of(2), 99).await, Outcome::Refused);
    assert_eq!(rig.load(1, 99).await, Some(record_of(1)));
    // Also of the very same record.
    assert_eq!(rig.insert(1, &record_of(1), 99).await, Outcome::Refused);
}

pub(crate) async fn an_insert_overwrites_an_expired_record(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let later = Record {
        expires: moment_at(200),
        ..record_of(2)
    };
    assert_eq!(rig.insert(1, &later, 100).await, Outcome::Applied);
    assert_eq!(rig.load(1, 100).await, Some(later));
    assert_eq!(rig.sweep(150, 10).await, 0);
}

pub(crate) async fn a_record_that_is_dead_on_arrival_is_absent(rig: &Rig) {
    assert_eq!(rig.insert(1, &record_of(1), 100).await, Outcome::Applied);
    assert_eq!(rig.load(1, 100).await, None);
    let live = Record {
        expires: moment_at(200),
        ..record_of(2)
    };
    assert_eq!(rig.insert(1, &live, 100).await, Outcome::Applied);
    assert_eq!(
        rig.replace(1, 2, 1, &record_of(3), 150).await,
        Outcome::Applied
    );
    assert_eq!(rig.load(1, 150).await, None);
}

pub(crate) async fn keys_are_told_apart_byte_by_byte(rig: &Rig) {
    for number in 1..=200 {
        let outcome = rig.insert(u64::from(number), &record_of(number), 0).await;
        assert_eq!(outcome, Outcome::Applied, "key {number}");
    }
    for number in 1..=200 {
        let found = rig.load(u64::from(number), 0).await;
        assert_eq!(found, Some(record_of(number)), "key {number}");
    }
    assert_eq!(rig.load(201, 0).await, None);
}
