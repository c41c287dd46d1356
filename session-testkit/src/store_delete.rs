//! `Delete` is always applied, and removes the record if its condition holds.

use session_core::{Only, Record, Remembered};

use crate::changed;
use crate::store_fixture::{Rig, digest_of, moment_at, owned_by, record_of, until};

/// Returns a record with the present digest of 1 and the remembered digests of 2 and 3.
fn rotated() -> Record {
    let mut record = owned_by("ada", 1);
    record.secrets.present = digest_of(1);
    record.secrets.remembered = Some(changed!(
        Remembered::new(digest_of(2), moment_at(10)),
        earlier = Some(digest_of(3))
    ));
    record
}

/// Says whether a delete removes a record that ends at second 100, and nothing else.
async fn removes(rig: &Rig, only: Only<'_>, record: &Record, now: i64) -> bool {
    let neighbour = until(10_000, record.clone());
    rig.insert(1, record, 0).await;
    rig.insert(2, &neighbour, 0).await;
    assert_eq!(rig.load(1, 0).await.as_ref(), Some(record));
    rig.delete(1, only, now).await;
    assert_eq!(rig.load(2, 0).await, Some(neighbour));
    // By a clock at which the record is not over.
    let left = rig.stored(1..=2).await;
    assert_eq!(rig.owned("ada", 0).await, left);
    rig.delete(1, Only::Always, now).await;
    rig.delete(2, Only::Always, now).await;
    left == [2]
}

pub(crate) async fn a_deleted_record_is_gone_whatever_the_clock_says(rig: &Rig) {
    for now in [-1_000, 0, 99, 100, 1_000] {
        assert!(removes(rig, Only::Always, &rotated(), now).await, "{now}");
    }
}

pub(crate) async fn a_delete_of_nothing_is_applied(rig: &Rig) {
    let digest = digest_of(0);
    let over = Only::Over(moment_at(0));
    for only in [Only::Always, Only::Opened(&digest), over] {
        rig.delete(1, only, 0).await;
        rig.add(&record_of(1)).await;
        rig.delete(1, Only::Always, 0).await;
        rig.delete(1, only, 0).await;
        assert_eq!(rig.load(1, 0).await, None);
    }
}

pub(crate) async fn a_delete_by_any_of_its_secrets_removes(rig: &Rig) {
    for (secret, record) in [
        (0, owned_by("ada", 1)),
        (1, rotated()),
        (2, rotated()),
        (3, rotated()),
    ] {
        let digest = digest_of(secret);
        // During the grace, after it, and after the session's end.
        for now in [0, 9, 10, 99, 100, 1_000] {
            let removed = removes(rig, Only::Opened(&digest), &record, now).await;
            assert!(removed, "by secret {secret}, at {now}");
        }
    }
}

pub(crate) async fn a_delete_by_a_wrong_secret_removes_nothing(rig: &Rig) {
    let digest = digest_of(4);
    for record in [rotated(), owned_by("ada", 1)] {
        for now in [0, 99] {
            assert!(!removes(rig, Only::Opened(&digest), &record, now).await);
        }
    }
    // A later record no longer has these secrets.
    rig.add(&rotated()).await;
    rig.replace(1, 1, &record_of(2), 0).await;
    for secret in [1, 2, 3] {
        rig.delete(1, Only::Opened(&digest_of(secret)), 0).await;
    }
    assert_eq!(rig.load(1, 0).await, Some(record_of(2)));
}

pub(crate) async fn a_delete_if_over_compares_with_the_given_moment(rig: &Rig) {
    for now in [0, 99, 100, 1_000] {
        for moment in [0, 99, 100, 101, 1_000] {
            let is_over = moment >= 100;
            // A store may have freed a record that is over.
            if is_over || now < 100 {
                let only = Only::Over(moment_at(moment));
                let removed = removes(rig, only, &rotated(), now).await;
                assert_eq!(removed, is_over, "{moment}, at {now}");
            }
        }
    }
}

pub(crate) async fn a_delete_if_over_sees_an_extended_life(rig: &Rig) {
    let over = Only::Over(moment_at(100));
    rig.add(&record_of(1)).await;
    rig.touch(1, 1, (50, 150), 50).await;
    rig.add(&record_of(2)).await;
    rig.replace(2, 2, &until(101, record_of(3)), 50).await;
    for key in [1, 2] {
        rig.delete(key, over, 100).await;
        assert!(rig.load(key, 100).await.is_some(), "key {key}");
    }
}
