//! `Touch`.

use session_core::Outcome::Applied;
use session_core::Record;

use crate::changed;
use crate::store_fixture::{Rig, moment_at, owned_by, record_of};
use crate::store_records::{full, same};

fn touched((seen, expires): (i64, i64), record: Record) -> Record {
    changed!(record, seen = moment_at(seen), expires = moment_at(expires))
}

pub(crate) async fn a_touch_moves_each_moment_and_only_ever_later(rig: &Rig) {
    rig.add(&touched((50, 100), record_of(1))).await;
    for (asked, moments) in [
        ((40, 90), (50, 100)),
        ((50, 100), (50, 100)),
        ((60, 90), (60, 100)),
        ((40, 200), (60, 200)),
        ((70, 210), (70, 210)),
    ] {
        assert_eq!(rig.touch(1, 1, asked, 60).await, Applied);
        let expected = touched(moments, record_of(1));
        assert_eq!(rig.load(1, 60).await, Some(expected), "{asked:?}");
    }
}

pub(crate) async fn a_touch_leaves_everything_else(rig: &Rig) {
    rig.add(&full(rig, 1)).await;
    rig.add(&full(rig, 2)).await;
    assert_eq!(rig.touch(1, 1, (50, 5_000), 50).await, Applied);
    same(rig.load(1, 50).await, &touched((50, 5_000), full(rig, 1)));
    same(rig.load(2, 50).await, &full(rig, 2));
    // The revision stays, so a concurrent replace still applies.
    assert_eq!(rig.replace(1, 1, &record_of(3), 50).await, Applied);
}

pub(crate) async fn a_touched_record_outlives_its_old_end(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    rig.touch(1, 1, (50, 150), 50).await;
    assert_eq!(rig.sweep(149, 10).await, 0);
    assert!(rig.load(1, 149).await.is_some());
    assert_eq!(rig.owned("ada", 149).await, [1]);
    assert_eq!(rig.load(1, 150).await, None);
    rig.sweep(150, 10).await;
    assert_eq!(rig.load(1, 149).await, None);
}
