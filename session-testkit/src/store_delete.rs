//! What `Delete` must do: it is always applied, and removes what its condition names.

use session_core::{Only, Outcome, Record, Remembered};

use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of, until};

/// Opened by the digest of 1, and by that of 2 until second 10.
fn rotated() -> Record {
    let mut record = owned_by("ada", 1);
    record.secrets.present = digest_of(1);
    record.secrets.remembered = Some(Remembered {
        digest: digest_of(2),
        earlier: None,
        until: moment_at(10),
        salt: None,
    });
    record
}

/// Says whether a delete removes a record that ends at second 100, when nothing else does.
async fn removes(rig: &Rig, only: Only<'_>, record: &Record, now: i64) -> bool {
    let neighbour = until(10_000, record.clone());
    rig.insert(1, record, 0).await;
    rig.insert(2, &neighbour, 0).await;
    assert_eq!(rig.load(1, 0).await.as_ref(), Some(record));
    rig.delete(1, only, now).await;
    assert_eq!(rig.load(2, 0).await, Some(neighbour));
    // Seen by a clock that is behind, since expired records are absent whether they were removed or not.
    let is_gone = rig.load(1, 0).await.is_none();
    let owned: &[u64] = if is_gone { &[2] } else { &[1, 2] };
    assert_eq!(rig.owned("ada", 0).await, owned);
    rig.delete(1, Only::Always, now).await;
    rig.delete(2, Only::Always, now).await;
    is_gone
}

pub(crate) async fn a_deleted_record_is_gone(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.insert(2, &owned_by("ada", 2), 0).await;
    rig.delete(1, Only::Always, 0).await;
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.load(2, 0).await, Some(owned_by("ada", 2)));
    assert_eq!(rig.owned("ada", 0).await, [2]);
    assert_eq!(rig.replace(1, 1, &record_of(3), 0).await, Outcome::Refused);
    assert_eq!(rig.touch(1, 1, (50, 150), 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, None);
}

pub(crate) async fn a_delete_of_nothing_is_applied(rig: &Rig) {
    let digest = digest_of(0);
    for only in [
        Only::Always,
        Only::Opened(&digest),
        Only::Over(moment_at(0)),
    ] {
        rig.delete(1, only, 0).await;
        rig.insert(1, &record_of(1), 0).await;
        rig.delete(1, Only::Always, 0).await;
        rig.delete(1, only, 0).await;
        assert_eq!(rig.load(1, 0).await, None);
    }
}

pub(crate) async fn a_delete_removes_whatever_the_clock_says(rig: &Rig) {
    for now in [-1_000, 0, 99, 100, 1_000] {
        assert!(removes(rig, Only::Always, &rotated(), now).await, "{now}");
    }
}

pub(crate) async fn a_delete_by_the_present_secret_removes(rig: &Rig) {
    let digest = digest_of(1);
    for now in [0, 9, 10, 99, 100, 1_000] {
        let only = Only::Opened(&digest);
        assert!(removes(rig, only, &rotated(), now).await, "{now}");
    }
    let digest = digest_of(0);
    for now in [0, 100] {
        let only = Only::Opened(&digest);
        assert!(removes(rig, only, &owned_by("ada", 1), now).await, "{now}");
    }
}

pub(crate) async fn a_delete_by_the_remembered_secret_removes(rig: &Rig) {
    // During the grace, after it, and after the session's end.
    let digest = digest_of(2);
    for now in [0, 9, 10, 99, 100, 1_000] {
        let only = Only::Opened(&digest);
        assert!(removes(rig, only, &rotated(), now).await, "{now}");
    }
}

pub(crate) async fn a_delete_by_a_wrong_secret_removes_nothing(rig: &Rig) {
    let digest = digest_of(3);
    for record in [rotated(), owned_by("ada", 1)] {
        let only = Only::Opened(&digest);
        assert!(!removes(rig, only, &record, 0).await);
        assert!(!removes(rig, only, &record, 99).await);
    }
    // Forgotten by the next rotation.
    rig.insert(3, &rotated(), 0).await;
    rig.replace(3, 1, &record_of(2), 0).await;
    rig.delete(3, Only::Opened(&digest_of(1)), 0).await;
    rig.delete(3, Only::Opened(&digest_of(2)), 0).await;
    assert_eq!(rig.load(3, 0).await, Some(record_of(2)));
}

pub(crate) async fn a_delete_of_what_is_over_compares_the_moment_it_is_given(rig: &Rig) {
    for now in [0, 99] {
        for (moment, is_removed) in [(0, false), (99, false), (100, true), (101, true)] {
            let only = Only::Over(moment_at(moment));
            let removed = removes(rig, only, &rotated(), now).await;
            assert_eq!(removed, is_removed, "{moment}, at {now}");
        }
    }
    for now in [100, 1_000] {
        for moment in [100, 101, 1_000] {
            let only = Only::Over(moment_at(moment));
            assert!(removes(rig, only, &rotated(), now).await, "{moment}, {now}");
        }
    }
}

pub(crate) async fn a_delete_of_what_is_over_sees_a_life_that_was_extended(rig: &Rig) {
    let over = Only::Over(moment_at(100));
    rig.insert(1, &record_of(1), 0).await;
    rig.touch(1, 1, (50, 150), 50).await;
    rig.insert(2, &record_of(1), 0).await;
    rig.replace(2, 1, &until(101, record_of(2)), 50).await;
    for key in [1, 2] {
        rig.delete(key, over, 100).await;
        assert!(rig.load(key, 100).await.is_some(), "key {key}");
    }
}

pub(crate) async fn a_deleted_key_can_be_used_again(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    rig.delete(1, Only::Always, 0).await;
    assert_eq!(
        rig.insert(1, &owned_by("bob", 2), 0).await,
        Outcome::Applied
    );
    assert_eq!(rig.load(1, 0).await, Some(owned_by("bob", 2)));
    assert_eq!(rig.devices("ada", 0).await, []);
}
