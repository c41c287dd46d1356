//! That of commands which race, one sees the other's effect.

use futures_util::future::{join, join_all};
use session_core::Outcome;

use crate::store_fixture::{Rig, handle_of, owned_by, record_of};

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
    let replaces = (1..=20).map(async |number| rig.replace(1, 0, 1, &record_of(number), 0).await);
    let outcomes = join_all(replaces).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(rig.load(1, 0).await, Some(record_of(winners[0])));
}

pub(crate) async fn of_many_moves_of_one_session_one_applies(rig: &Rig) {
    rig.insert(1_000, &owned_by("ada", 0), 0).await;
    let moves = (1..=20).map(async |number| {
        let moved = owned_by("ada", number);
        rig.replace(1_000, 0, u64::from(number), &moved, 0).await
    });
    let outcomes = join_all(moves).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(rig.load(1_000, 0).await, None);
    for number in 1..=20 {
        let found = rig.load(u64::from(number), 0).await;
        assert_eq!(found.is_some(), winners[0] == number);
    }
    assert_eq!(rig.handles("ada", 0).await, [handle_of(winners[0])]);
}

pub(crate) async fn of_many_sessions_one_moves_to_a_key(rig: &Rig) {
    for number in 1..=20 {
        rig.insert(u64::from(number), &owned_by("ada", number), 0)
            .await;
    }
    let moves = (1..=20).map(async |number| {
        let moved = owned_by("bob", number);
        rig.replace(u64::from(number), number, 1_000, &moved, 0)
            .await
    });
    let outcomes = join_all(moves).await;
    let winners = applied(&outcomes);
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(rig.load(1_000, 0).await, Some(owned_by("bob", winners[0])));
    assert_eq!(rig.handles("ada", 0).await.len(), 19);
}

pub(crate) async fn a_delete_wins_against_later_replaces(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 0), 0).await;
    let deletion = async { rig.delete(1, 0).await };
    let replaces = (1..=20).map(async |number| {
        let moved = owned_by("ada", number);
        rig.replace(1, 0, 1, &moved, 0).await
    });
    let (deleted, outcomes) = join(deletion, join_all(replaces)).await;
    assert_eq!(deleted, Outcome::Applied);
    assert!(applied(&outcomes).len() <= 1, "{outcomes:?}");
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.handles("ada", 0).await, []);
}

pub(crate) async fn a_delete_by_the_old_key_and_a_move_see_each_other(rig: &Rig) {
    for round in (0..60).step_by(3) {
        let (old, key, next) = (round, round + 1, round + 2);
        rig.insert(old, &record_of(0), 0).await;
        rig.replace(old, 0, key, &record_of(1), 0).await;
        let deletion = async { rig.delete(old, 0).await };
        let moved = record_of(2);
        let movement = async { rig.replace(key, 1, next, &moved, 0).await };
        let (deleted, moved) = join(deletion, movement).await;
        assert_eq!(deleted, Outcome::Applied);
        // Either there was nothing left to move, or the old key was forgotten already.
        let lives = rig.load(next, 0).await.is_some();
        assert_eq!(lives, moved == Outcome::Applied);
        assert_eq!(rig.load(key, 0).await, None);
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
        assert_eq!(
            rig.replace(key, number, key, &next, 0).await,
            Outcome::Applied
        );
        assert_eq!(
            rig.touch(key, number + 100, (50, 150), 50).await,
            Outcome::Applied
        );
        assert!(rig.load(key, 50).await.is_some());
    });
    join_all(writers).await;
    assert_eq!(rig.handles("ada", 100).await.len(), 50);
}
