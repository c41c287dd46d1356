//! What `Replace` must do.

use session_core::{Outcome, Record};

use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of, until};

pub(crate) async fn a_replace_puts_the_new_state(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    rig.insert(2, &record_of(1), 0).await;
    assert_eq!(rig.replace(1, 1, &record_of(2), 50).await, Outcome::Applied);
    assert_eq!(rig.load(1, 50).await, Some(record_of(2)));
    assert_eq!(rig.load(2, 50).await, Some(record_of(1)));
}

pub(crate) async fn a_replace_can_rotate_the_secret(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    let mut rotated = owned_by("ada", 2);
    rotated.secrets.present = digest_of(1);
    rotated.secrets.issued = moment_at(50);
    assert_eq!(rig.replace(1, 1, &rotated, 50).await, Outcome::Applied);
    // The same key, whichever secret is presented.
    assert_eq!(rig.load(1, 50).await, Some(rotated));
    assert_eq!(rig.owned("ada", 50).await, [1]);
}

pub(crate) async fn a_replace_of_nothing_is_refused(rig: &Rig) {
    let record = owned_by("ada", 1);
    assert_eq!(rig.replace(1, 1, &record, 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.devices("ada", 0).await, []);
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn a_replace_of_an_expired_record_is_refused(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let later = until(500, owned_by("ada", 2));
    assert_eq!(rig.replace(1, 1, &later, 100).await, Outcome::Refused);
    assert_eq!(rig.replace(1, 1, &later, 101).await, Outcome::Refused);
    // Also by a record that is over itself.
    let over = &record_of(3);
    assert_eq!(rig.replace(1, 1, over, 101).await, Outcome::Refused);
    assert_eq!(rig.load(1, 101).await, None);
    assert_eq!(rig.devices("ada", 101).await, []);
}

pub(crate) async fn a_replace_of_another_state_is_refused(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(
        rig.replace(1, 2, &owned_by("eve", 3), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    assert_eq!(rig.devices("eve", 0).await, []);
    assert_eq!(rig.replace(1, 1, &record_of(2), 0).await, Outcome::Applied);
    // What was true once is not true any more.
    assert_eq!(rig.replace(1, 1, &record_of(3), 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, Some(record_of(2)));
}

pub(crate) async fn a_replace_by_a_record_that_is_over_removes(rig: &Rig) {
    for (key, expires) in [(1, 50), (2, 49), (3, 0)] {
        rig.insert(key, &owned_by("ada", 1), 0).await;
        let over = until(expires, owned_by("ada", 2));
        // Refused from another state like any other.
        assert_eq!(rig.replace(key, 9, &over, 50).await, Outcome::Refused);
        assert_eq!(rig.load(key, 50).await, Some(owned_by("ada", 1)));
        assert_eq!(rig.replace(key, 1, &over, 50).await, Outcome::Applied);
        assert_eq!(rig.load(key, 50).await, None);
        // It is gone, also for one whose clock is behind.
        assert_eq!(rig.load(key, -100).await, None);
        assert_eq!(rig.devices("ada", -100).await, []);
        assert_eq!(rig.sweep(1_000, 10).await, 0);
        assert_eq!(rig.replace(key, 1, &over, 50).await, Outcome::Refused);
        assert_eq!(
            rig.insert(key, &record_of(3), 50).await,
            Outcome::Applied,
            "the key is free"
        );
        rig.delete(key, session_core::Only::Always, 50).await;
    }
}

pub(crate) async fn a_replace_may_shorten_a_life(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let shorter = until(10, record_of(2));
    assert_eq!(rig.replace(1, 1, &shorter, 0).await, Outcome::Applied);
    assert_eq!(rig.load(1, 9).await, Some(shorter));
    assert_eq!(rig.load(1, 10).await, None);
    rig.sweep(10, 10).await;
    assert_eq!(rig.load(1, 9).await, None);
}

pub(crate) async fn a_replace_may_lengthen_a_life_and_turn_back_a_moment(rig: &Rig) {
    let seen = |seconds, record| Record {
        seen: moment_at(seconds),
        ..record
    };
    rig.insert(1, &seen(40, record_of(1)), 40).await;
    let longer = until(200, seen(30, record_of(2)));
    assert_eq!(rig.replace(1, 1, &longer, 50).await, Outcome::Applied);
    assert_eq!(rig.load(1, 199).await, Some(longer.clone()));
    assert_eq!(rig.sweep(199, 10).await, 0);
    assert_eq!(rig.load(1, 0).await, Some(longer));
}
