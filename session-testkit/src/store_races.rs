//! Of commands that race, one sees the other's effect.

use futures_util::future::{join, join_all};
use session_core::{Only, Outcome, Revoke};

use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of};

fn applied(outcomes: &[Outcome]) -> Vec<u32> {
    let winners = (1..).zip(outcomes);
    winners
        .filter(|(_, outcome)| **outcome == Outcome::Applied)
        .map(|(number, _)| number)
        .collect()
}

pub(crate) async fn of_many_inserts_under_one_key_one_applies(rig: &Rig) {
    let inserts = (1..=20).map(async |number| rig.insert(1, &record_of(number), 0).await);
    let outcomes = join_all(inserts).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(rig.load(1, 0).await, Some(record_of(winners[0])));
}

pub(crate) async fn of_many_replaces_of_one_state_one_applies(rig: &Rig) {
    rig.insert(1, &record_of(0), 0).await;
    let replaces = (1..=20).map(async |number| rig.replace(1, 0, &record_of(number), 0).await);
    let outcomes = join_all(replaces).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(rig.load(1, 0).await, Some(record_of(winners[0])));
}

pub(crate) async fn of_many_rotations_and_a_touch_one_rotation_applies(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 0), 0).await;
    let rotations = (1..=20).map(async |number| {
        let mut rotated = owned_by("ada", number);
        rotated.secrets.present = digest_of(number.into());
        rig.replace(1, 0, &rotated, 0).await
    });
    let touch = rig.touch(1, 0, (50, 150), 0);
    let (touched, outcomes) = join(touch, join_all(rotations)).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    let found = rig.load(1, 0).await.expect("it lives");
    assert_eq!(found.secrets.present, digest_of(winners[0].into()));
    // Whether the touch came first or not, the rotation has the last word.
    assert_eq!(found.seen, moment_at(0), "{touched:?}");
    assert_eq!(rig.owned("ada", 0).await, [1]);
}

pub(crate) async fn a_delete_is_never_undone_by_a_replace(rig: &Rig) {
    let digest = digest_of(0);
    for (key, only) in (1..).zip([
        Only::Always,
        Only::Opened(&digest),
        Only::Over(moment_at(100)),
    ]) {
        rig.insert(key, &owned_by("ada", 0), 0).await;
        let replaces = (1..=20).map(async |number| {
            let next = owned_by("ada", number);
            rig.replace(key, 0, &next, 0).await
        });
        let (deletion, replaces) = (rig.delete(key, only, 0), join_all(replaces));
        // Each is the first to be asked once.
        let outcomes = if key % 2 == 0 {
            join(deletion, replaces).await.1
        } else {
            join(replaces, deletion).await.0
        };
        assert!(applied(&outcomes).len() <= 1, "{outcomes:?}");
        assert_eq!(rig.load(key, 0).await, None);
        assert_eq!(rig.devices("ada", 0).await, []);
    }
}

pub(crate) async fn a_revocation_is_never_undone_by_a_replace(rig: &Rig) {
    for round in 0..10 {
        rig.insert(1, &owned_by("ada", 0), 0).await;
        let replaces = (1..=10).map(async |number| {
            let next = owned_by("ada", number);
            rig.replace(1, 0, &next, 0).await
        });
        let revocation = rig.revoke("ada", Revoke::All, 0);
        let (revoked, outcomes) = join(revocation, join_all(replaces)).await;
        assert_eq!(revoked, 1, "round {round}");
        assert!(applied(&outcomes).len() <= 1, "{outcomes:?}");
        assert_eq!(rig.load(1, 0).await, None);
        assert_eq!(rig.devices("ada", 0).await, []);
    }
}

pub(crate) async fn of_a_delete_of_what_is_over_and_a_touch_one_wins(rig: &Rig) {
    for round in 0..20 {
        rig.insert(1, &record_of(1), 0).await;
        let touch = rig.touch(1, 1, (99, 199), 99);
        let deletion = rig.delete(1, Only::Over(moment_at(100)), 100);
        let (touched, ()) = join(touch, deletion).await;
        let lives = rig.load(1, 99).await.is_some();
        assert_eq!(lives, touched == Outcome::Applied, "round {round}");
        rig.delete(1, Only::Always, 0).await;
    }
}

pub(crate) async fn many_writers_of_different_sessions_all_succeed(rig: &Rig) {
    let writers = (1..=50).map(async |number| {
        let key = u64::from(number);
        assert_eq!(
            rig.insert(key, &owned_by("ada", number), 0).await,
            Outcome::Applied
        );
        let next = owned_by("ada", number + 100);
        assert_eq!(rig.replace(key, number, &next, 0).await, Outcome::Applied);
        assert_eq!(
            rig.touch(key, number + 100, (50, 150), 50).await,
            Outcome::Applied
        );
        assert!(rig.load(key, 50).await.is_some());
    });
    join_all(writers).await;
    assert_eq!(rig.owned("ada", 100).await.len(), 50);
}
