//! What `Touch` must do.

use session_core::{Outcome, Record};

use crate::store_fixture::{Rig, moment_at, owned_by, record_of};

fn touched(number: u32, seen: i64, expires: i64) -> Record {
    Record {
        seen: moment_at(seen),
        expires: moment_at(expires),
        ..record_of(number)
    }
}

pub(crate) async fn a_touch_moves_both_moments(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.touch(1, 1, (50, 150), 50).await, Outcome::Applied);
    assert_eq!(rig.load(1, 50).await, Some(touched(1, 50, 150)));
}

pub(crate) async fn a_touch_leaves_everything_else(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.insert(2, &record_of(2), 0).await;
    rig.touch(1, 1, (50, 150), 50).await;
    let expected = Record {
        seen: moment_at(50),
        expires: moment_at(150),
        ..owned_by("ada", 1)
    };
    assert_eq!(rig.load(1, 50).await, Some(expected));
    assert_eq!(rig.load(2, 50).await, Some(record_of(2)));
    // The revision stays: a write that was under way still applies.
    assert_eq!(rig.replace(1, 1, &record_of(3), 50).await, Outcome::Applied);
}

pub(crate) async fn a_touch_never_moves_back(rig: &Rig) {
    rig.insert(1, &touched(1, 50, 100), 50).await;
    assert_eq!(rig.touch(1, 1, (40, 90), 60).await, Outcome::Applied);
    assert_eq!(rig.load(1, 60).await, Some(touched(1, 50, 100)));
    assert_eq!(rig.touch(1, 1, (50, 100), 60).await, Outcome::Applied);
    assert_eq!(rig.load(1, 60).await, Some(touched(1, 50, 100)));
}

pub(crate) async fn each_moment_moves_by_itself(rig: &Rig) {
    rig.insert(1, &touched(1, 50, 100), 50).await;
    assert_eq!(rig.touch(1, 1, (60, 90), 60).await, Outcome::Applied);
    assert_eq!(rig.load(1, 60).await, Some(touched(1, 60, 100)));
    assert_eq!(rig.touch(1, 1, (40, 200), 60).await, Outcome::Applied);
    assert_eq!(rig.load(1, 60).await, Some(touched(1, 60, 200)));
}

pub(crate) async fn a_touch_of_nothing_is_refused(rig: &Rig) {
    assert_eq!(rig.touch(1, 1, (0, 100), 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn a_touch_of_an_expired_record_is_refused(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    assert_eq!(rig.touch(1, 1, (100, 200), 100).await, Outcome::Refused);
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.devices("ada", 100).await, []);
}

pub(crate) async fn a_touch_of_another_state_is_refused(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    assert_eq!(rig.touch(1, 2, (50, 150), 50).await, Outcome::Refused);
    assert_eq!(rig.load(1, 50).await, Some(record_of(1)));
    rig.replace(1, 1, &record_of(2), 50).await;
    // A life that was computed for the old state must not lengthen the new one.
    assert_eq!(rig.touch(1, 1, (60, 160), 60).await, Outcome::Refused);
    assert_eq!(rig.load(1, 60).await, Some(record_of(2)));
}

pub(crate) async fn a_touched_record_outlives_its_old_end(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.touch(1, 1, (50, 150), 50).await;
    assert_eq!(rig.sweep(149, 10).await, 0);
    assert!(rig.load(1, 149).await.is_some());
    assert_eq!(rig.owned("ada", 149).await, [1]);
    assert_eq!(rig.load(1, 150).await, None);
    rig.sweep(150, 10).await;
    assert_eq!(rig.load(1, 149).await, None);
}
