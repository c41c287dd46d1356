//! Concurrent commands are atomic: one sees the effect of the other.

use futures_util::FutureExt as _;
use futures_util::future::{join, join_all};
use session_core::Outcome::{self, Applied};
use session_core::{Only, Record, Remembered, Revoke};

use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of};

/// Returns the number, from 1, of the only applied command; `None` if all were refused.
fn winner(outcomes: &[Outcome]) -> Option<u32> {
    let mut winners = (1..).zip(outcomes).filter(|(_, one)| **one == Applied);
    let winner = winners.next();
    assert_eq!(winners.next(), None, "{outcomes:?}");
    winner.map(|(number, _)| number)
}

/// Returns Ada's session after a rotation to a secret of its own.
fn rotated(number: u32) -> Record {
    let mut record = owned_by("ada", number);
    record.secrets.remembered = Some(Remembered::new(record.secrets.present, moment_at(10)));
    record.secrets.present = digest_of(number.into());
    record
}

/// Lets 20 rotations of one state race with another command, and returns the applied one.
///
/// The round decides which of them begins.
async fn rotate_during(other: impl Future<Output = ()>, rig: &Rig, round: u32) -> Option<u32> {
    rig.insert(1, &owned_by("ada", 0), 0).await;
    let rotations = (1..=20).map(async |number| rig.replace(1, 0, &rotated(number), 0).await);
    let rotations = join_all(rotations);
    let outcomes = if round.is_multiple_of(2) {
        join(rotations, other).await.0
    } else {
        join(other, rotations).await.1
    };
    winner(&outcomes)
}

pub(crate) async fn of_many_inserts_under_one_key_one_applies(rig: &Rig) {
    let inserts = (1..=20).map(async |number| rig.insert(1, &record_of(number), 0).await);
    let winner = winner(&join_all(inserts).await);
    assert!(winner.is_some());
    assert_eq!(rig.load(1, 0).await, winner.map(record_of));
}

pub(crate) async fn of_many_rotations_and_a_touch_one_rotation_applies(rig: &Rig) {
    for round in 0..4 {
        let touch = rig.touch(1, 0, (50, 150), 0).map(|_| ());
        let winner = rotate_during(touch, rig, round).await;
        assert!(winner.is_some());
        // The record is the rotation's, whether the touch came first or not.
        assert_eq!(rig.load(1, 0).await, winner.map(rotated));
        assert_eq!(rig.owned("ada", 0).await, [1]);
        rig.delete(1, Only::Always, 0).await;
    }
}

pub(crate) async fn an_end_is_never_undone_by_a_rotation(rig: &Rig) {
    let digest = digest_of(0);
    let over = Only::Over(moment_at(100));
    let deletes = [Only::Always, Only::Opened(&digest), over].map(Some);
    for only in deletes.into_iter().chain([None]) {
        for round in 0..4 {
            let end = async {
                match only {
                    Some(only) => rig.delete(1, only, 0).await,
                    None => assert_eq!(rig.revoke("ada", Revoke::All, 0).await, 1),
                }
            };
            rotate_during(end, rig, round).await;
            assert_eq!(rig.load(1, 0).await, None, "{only:?}, round {round}");
            assert_eq!(rig.devices("ada", 0).await, []);
        }
    }
}

pub(crate) async fn of_a_delete_if_over_and_a_touch_one_wins(rig: &Rig) {
    for round in 0..20 {
        rig.add(&record_of(1)).await;
        let touch = rig.touch(1, 1, (99, 199), 99);
        let deletion = rig.delete(1, Only::Over(moment_at(100)), 100);
        let (touched, ()) = join(touch, deletion).await;
        let lives = rig.load(1, 99).await.is_some();
        assert_eq!(lives, touched == Applied, "round {round}");
        rig.delete(1, Only::Always, 0).await;
    }
}

pub(crate) async fn many_writers_of_different_sessions_all_succeed(rig: &Rig) {
    let writers = (1..=50).map(async |number| {
        rig.add(&owned_by("ada", number)).await;
        let (key, next) = (number.into(), owned_by("ada", number + 100));
        assert_eq!(rig.replace(key, number, &next, 0).await, Applied);
        let touched = rig.touch(key, number + 100, (50, 150), 50).await;
        assert_eq!(touched, Applied);
        assert!(rig.load(key, 50).await.is_some());
    });
    join_all(writers).await;
    assert_eq!(rig.owned("ada", 100).await.len(), 50);
}
