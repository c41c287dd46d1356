//! What `Replace` must do.

use session_core::{Outcome, Record};

use crate::store_fixture::{Rig, handle_of, moment_at, owned_by, record_of};

pub(crate) async fn a_replace_puts_the_new_state(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(2), 50).await,
        Outcome::Applied
    );
    assert_eq!(rig.load(1, 50).await, Some(record_of(2)));
}

pub(crate) async fn a_replace_of_nothing_is_refused(rig: &Rig) {
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(1), 0).await,
        Outcome::Refused
    );
    assert_eq!(
        rig.replace(1, 1, 2, &record_of(1), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.load(2, 0).await, None);
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn a_replace_of_an_expired_record_is_refused(rig: &Rig) {
    let later = Record {
        expires: moment_at(500),
        ..record_of(2)
    };
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.replace(1, 1, 1, &later, 100).await, Outcome::Refused);
    assert_eq!(rig.replace(1, 1, 2, &later, 101).await, Outcome::Refused);
    assert_eq!(rig.load(1, 101).await, None);
    assert_eq!(rig.load(2, 101).await, None);
}

pub(crate) async fn a_replace_of_another_state_is_refused(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(
        rig.replace(1, 2, 1, &record_of(3), 0).await,
        Outcome::Refused
    );
    assert_eq!(
        rig.replace(1, 2, 2, &record_of(3), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(2), 0).await,
        Outcome::Applied
    );
    // What was true once is not true any more.
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(3), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 0).await, Some(record_of(2)));
}

pub(crate) async fn a_replace_under_a_new_key_moves_the_session(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    let moved = owned_by("ada", 2);
    assert_eq!(rig.replace(1, 1, 2, &moved, 0).await, Outcome::Applied);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.load(2, 0).await, Some(moved));
    assert_eq!(rig.handles("ada", 0).await, [handle_of(2)]);
    // The old key is free, and nobody's.
    assert_eq!(
        rig.replace(1, 1, 1, &record_of(3), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.insert(1, &record_of(4), 0).await, Outcome::Applied);
    assert_eq!(rig.handles("ada", 0).await, [handle_of(2)]);
}

pub(crate) async fn a_replace_under_a_live_key_is_refused(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.insert(2, &owned_by("bob", 2), 0).await;
    assert_eq!(
        rig.replace(1, 1, 2, &record_of(3), 99).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(1, 99).await, Some(owned_by("ada", 1)));
    assert_eq!(rig.load(2, 99).await, Some(owned_by("bob", 2)));
    // Also if both are in the same state.
    rig.insert(3, &owned_by("bob", 1), 0).await;
    assert_eq!(
        rig.replace(1, 1, 3, &record_of(4), 99).await,
        Outcome::Refused
    );
    assert_eq!(rig.handles("ada", 99).await, [handle_of(1)]);
}

pub(crate) async fn a_replace_under_an_expired_key_takes_it(rig: &Rig) {
    let long = |number| Record {
        expires: moment_at(200),
        ..owned_by("ada", number)
    };
    rig.insert(1, &long(1), 0).await;
    rig.insert(2, &owned_by("bob", 2), 0).await;
    assert_eq!(rig.replace(1, 1, 2, &long(3), 100).await, Outcome::Applied);
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.load(2, 100).await, Some(long(3)));
    assert_eq!(rig.handles("ada", 100).await, [handle_of(3)]);
    // Of the expired one nothing is left, also for one whose clock is behind.
    assert_eq!(rig.handles("bob", 0).await, []);
    assert_eq!(rig.sweep(150, 10).await, 0);
}

pub(crate) async fn a_refused_move_creates_nothing(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    assert_eq!(
        rig.replace(1, 9, 2, &owned_by("eve", 2), 0).await,
        Outcome::Refused
    );
    assert_eq!(
        rig.replace(3, 1, 2, &owned_by("eve", 2), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.load(2, 0).await, None);
    assert_eq!(rig.handles("eve", 0).await, []);
    assert_eq!(rig.handles("ada", 0).await, [handle_of(1)]);
}

pub(crate) async fn a_replace_may_shorten_a_life(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let shorter = Record {
        expires: moment_at(10),
        ..record_of(2)
    };
    assert_eq!(rig.replace(1, 1, 1, &shorter, 0).await, Outcome::Applied);
    assert_eq!(rig.load(1, 9).await, Some(shorter));
    assert_eq!(rig.load(1, 10).await, None);
    assert_eq!(rig.sweep(10, 10).await, 1);
}

pub(crate) async fn a_moved_session_can_be_moved_on_and_back(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    for (key, state, with) in [(1, 1, 2), (2, 2, 3), (3, 3, 1)] {
        let next = owned_by("ada", state + 1);
        assert_eq!(
            rig.replace(key, state, with, &next, 0).await,
            Outcome::Applied
        );
        assert_eq!(rig.load(key, 0).await, None);
        assert_eq!(rig.load(with, 0).await, Some(next));
    }
    assert_eq!(rig.handles("ada", 0).await, [handle_of(4)]);
    assert_eq!(rig.sweep(1_000, 10).await, 1);
}

pub(crate) async fn every_pair_of_keys_can_be_swapped_through(rig: &Rig) {
    // Enough pairs that a store of many parts moves sessions within one and in both directions.
    for number in 0_u32..300 {
        let (key, with) = (u64::from(number), u64::from(number) + 1_000);
        rig.insert(key, &owned_by("ada", number), 0).await;
        let outcome = rig
            .replace(key, number, with, &owned_by("bob", number), 0)
            .await;
        assert_eq!(outcome, Outcome::Applied);
    }
    assert_eq!(rig.handles("ada", 0).await.len(), 0);
    assert_eq!(rig.handles("bob", 0).await.len(), 300);
    assert_eq!(rig.sweep(100, 1_000).await, 300);
}
