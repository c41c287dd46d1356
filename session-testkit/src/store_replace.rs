//! `Replace`.

use session_core::Outcome::Applied;
use session_core::{Only, Record};

use crate::changed;
use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of, until};

pub(crate) async fn a_replace_puts_the_new_state(rig: &Rig) {
    rig.add(&record_of(1)).await;
    rig.add(&record_of(2)).await;
    assert_eq!(rig.replace(1, 1, &record_of(3), 50).await, Applied);
    assert_eq!(rig.load(1, 50).await, Some(record_of(3)));
    assert_eq!(rig.load(2, 50).await, Some(record_of(2)));
}

pub(crate) async fn a_replace_can_rotate_the_secret(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    let mut rotated = owned_by("ada", 2);
    rotated.secrets.present = digest_of(1);
    rotated.secrets.issued = moment_at(50);
    assert_eq!(rig.replace(1, 1, &rotated, 50).await, Applied);
    // A load by either secret finds it under the same key.
    assert_eq!(rig.load(1, 50).await, Some(rotated));
    assert_eq!(rig.owned("ada", 50).await, [1]);
}

pub(crate) async fn a_replace_by_a_record_that_is_over_removes(rig: &Rig) {
    for (number, expires) in [(1, 50), (2, 49), (3, 0)] {
        let (key, over) = (number.into(), until(expires, owned_by("ada", 9)));
        rig.add(&owned_by("ada", number)).await;
        rig.refuses(key, 8, 50).await;
        assert_eq!(rig.replace(key, number, &over, 50).await, Applied);
        // It is gone, also by a clock that is behind.
        assert_eq!(rig.load(key, -100).await, None);
        assert_eq!(rig.devices("ada", -100).await, []);
        assert_eq!(rig.sweep(1_000, 10).await, 0);
        rig.refuses(key, number, 50).await;
        // The key is free again.
        rig.add(&record_of(number)).await;
        rig.delete(key, Only::Always, 50).await;
    }
}

pub(crate) async fn a_replace_may_shorten_a_life(rig: &Rig) {
    rig.add(&record_of(1)).await;
    let shorter = until(10, record_of(2));
    assert_eq!(rig.replace(1, 1, &shorter, 0).await, Applied);
    assert_eq!(rig.load(1, 9).await, Some(shorter));
    assert_eq!(rig.load(1, 10).await, None);
    rig.sweep(10, 10).await;
    assert_eq!(rig.load(1, 9).await, None);
}

pub(crate) async fn a_replace_may_lengthen_a_life_and_turn_back_a_moment(rig: &Rig) {
    let seen = |seconds, record: Record| changed!(record, seen = moment_at(seconds));
    rig.add(&seen(40, record_of(1))).await;
    let longer = until(200, seen(30, record_of(2)));
    assert_eq!(rig.replace(1, 1, &longer, 50).await, Applied);
    assert_eq!(rig.load(1, 199).await, Some(longer.clone()));
    assert_eq!(rig.sweep(199, 10).await, 0);
    assert_eq!(rig.load(1, 0).await, Some(longer));
}
