//! `Replace` and `Touch` are refused if the expected state does not exist.

use session_core::Outcome::Applied;
use session_core::{Only, Revoke};

use crate::store_fixture::{Rig, handle_of, moment_at, owned_by, record_of, until};

pub(crate) async fn a_write_to_nothing_is_refused(rig: &Rig) {
    rig.refuses(1, 1, 0).await;
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn a_write_to_an_expired_record_is_refused(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.refuses(1, 1, 100).await;
    rig.refuses(1, 1, 101).await;
    assert_eq!(rig.devices("ada", 101).await, []);
}

pub(crate) async fn a_write_to_another_state_is_refused(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.refuses(1, 2, 0).await;
    assert_eq!(rig.replace(1, 1, &owned_by("ada", 2), 0).await, Applied);
    // The former revision is no longer expected.
    rig.refuses(1, 1, 0).await;
    assert_eq!(rig.load(1, 0).await, Some(owned_by("ada", 2)));
}

pub(crate) async fn a_write_to_a_deleted_record_is_refused(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.delete(1, Only::Always, 0).await;
    rig.refuses(1, 1, 0).await;
    assert_eq!(rig.load(1, 0).await, None);
}

pub(crate) async fn a_write_to_a_revoked_session_is_refused(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.add(&owned_by("ada", 2)).await;
    rig.revoke("ada", Revoke::One(&handle_of(1)), 0).await;
    rig.refuses(1, 1, 0).await;
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.owned("ada", 0).await, [2]);
}

pub(crate) async fn an_expired_record_never_comes_back(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.delete(1, Only::Over(moment_at(100)), 100).await;
    let long = until(300, record_of(2));
    assert_eq!(rig.insert(1, &long, 100).await, Applied);
    // A writer of the first record does not revive it either.
    rig.refuses(1, 1, 100).await;
    assert_eq!(rig.load(1, 100).await, Some(long));
    assert_eq!(rig.devices("ada", 0).await, []);
}
