//! `Move`, of a store of plain ids.

use futures_util::future::join_all;
use session_core::Command;
use session_core::Outcome::{Applied, Refused};
use session_core::Revision;

use crate::changed;
use crate::store_fixture::{Rig, key_of, moment_at, owned_by, record_of, until};

pub(crate) async fn a_move_puts_the_new_state_under_the_other_key(rig: &Rig) {
    if rig.keys_stay() {
        return;
    }
    rig.add(&record_of(1)).await;
    rig.add(&record_of(2)).await;
    let signed_in = changed!(until(200, owned_by("ada", 3)), created = moment_at(50));
    assert_eq!(rig.move_to((1, 7), 1, &signed_in, 50).await, Applied);
    assert_eq!(rig.load(7, 50).await, Some(signed_in.clone()));
    assert_eq!(rig.load(1, -100).await, None);
    assert_eq!(rig.load(2, 50).await, Some(record_of(2)));
    assert_eq!(rig.devices("ada", 50).await, [signed_in.device(&key_of(7))]);
    // The old key is free, and a sweep finds one row.
    rig.add(&record_of(1)).await;
    assert_eq!(rig.sweep(100, 10).await, 2);
    assert_eq!(rig.stored(1..=9).await, [7]);
}

pub(crate) async fn a_move_is_refused_where_a_replace_is(rig: &Rig) {
    if rig.keys_stay() {
        return;
    }
    let next = until(500, owned_by("ada", 9));
    // Nothing, another state, and a record that is over.
    assert_eq!(rig.move_to((1, 7), 1, &next, 0).await, Refused);
    rig.add(&record_of(1)).await;
    assert_eq!(rig.move_to((1, 7), 2, &next, 0).await, Refused);
    assert_eq!(rig.move_to((1, 7), 1, &next, 100).await, Refused);
    assert_eq!(rig.stored(1..=9).await, [1]);
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    assert_eq!(rig.devices("ada", 0).await, []);
}

pub(crate) async fn a_move_to_a_taken_key_is_refused(rig: &Rig) {
    if rig.keys_stay() {
        return;
    }
    rig.add(&record_of(1)).await;
    rig.add(&record_of(2)).await;
    assert_eq!(rig.move_to((1, 2), 1, &record_of(3), 0).await, Refused);
    for number in [1, 2] {
        assert_eq!(rig.load(number.into(), 0).await, Some(record_of(number)));
    }
}

pub(crate) async fn of_many_moves_one_applies(rig: &Rig) {
    if rig.keys_stay() {
        return;
    }
    rig.add(&owned_by("ada", 1)).await;
    let moves = (2..=20).map(async |number: u32| {
        let next = owned_by("ada", number);
        rig.move_to((1, number.into()), 1, &next, 0).await
    });
    let outcomes = join_all(moves).await;
    let applied: Vec<u64> = (2..)
        .zip(&outcomes)
        .filter(|(_, it)| **it == Applied)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(applied.len(), 1, "{outcomes:?}");
    assert_eq!(rig.stored(1..=20).await, applied);
    assert_eq!(rig.owned("ada", 0).await, applied);
}

pub(crate) async fn a_store_whose_keys_stay_says_so(rig: &Rig) {
    if !rig.keys_stay() {
        return;
    }
    rig.add(&record_of(1)).await;
    let moving = Command::Move {
        key: &key_of(1),
        to: &key_of(2),
        expected: Revision::from_i64(1),
        record: &record_of(2),
    };
    let error = rig
        .0
        .write(moving, moment_at(0))
        .await
        .expect_err("keys stay");
    assert!(error.to_string().contains("ids of two parts"), "{error}");
    assert_eq!(rig.stored(1..=2).await, [1]);
}
