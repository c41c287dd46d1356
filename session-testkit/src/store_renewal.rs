//! What a key still does after its session was moved to another.

use session_core::{Command, Expiry, Outcome, Record, Revoke};

use crate::store_fixture::{REMEMBERED, Rig, handle_of, moment_at, owned_by, record_of};

async fn moved(rig: &Rig) -> Record {
    rig.insert(1, &record_of(1), 0).await;
    let record = owned_by("ada", 2);
    assert_eq!(rig.replace(1, 1, 2, &record, 0).await, Outcome::Applied);
    record
}

pub(crate) async fn a_moved_session_is_found_by_its_old_key_for_a_while(rig: &Rig) {
    let record = moved(rig).await;
    assert_eq!(rig.moved(1, 2, 0).await.as_ref(), Some(&record));
    assert_eq!(rig.moved(1, 2, REMEMBERED - 1).await, Some(record.clone()));
    assert_eq!(rig.find(1, REMEMBERED).await, None);
    assert_eq!(rig.load(2, REMEMBERED).await, Some(record));
}

pub(crate) async fn an_old_key_that_need_not_be_remembered_is_not(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let replace = Command::Replace {
        key: &crate::key_of(1),
        expected: record_of(1).revision,
        with: &crate::key_of(2),
        record: &record_of(2),
        remembered: moment_at(0),
    };
    assert_eq!(rig.write(replace, 0).await, Outcome::Applied);
    assert_eq!(rig.find(1, 0).await, None);
}

pub(crate) async fn an_old_key_cannot_be_written(rig: &Rig) {
    let record = moved(rig).await;
    assert_eq!(
        rig.replace(1, 2, 1, &record_of(3), 1).await,
        Outcome::Refused
    );
    assert_eq!(
        rig.replace(1, 1, 3, &record_of(3), 1).await,
        Outcome::Refused
    );
    assert_eq!(rig.touch(1, 2, (1, 200), 1).await, Outcome::Refused);
    assert_eq!(rig.load(2, 1).await, Some(record));
    assert_eq!(rig.find(3, 1).await, None);
}

pub(crate) async fn a_delete_by_the_old_key_ends_the_session(rig: &Rig) {
    moved(rig).await;
    assert_eq!(rig.delete(1, 1).await, Outcome::Applied);
    assert_eq!(rig.find(2, 1).await, None);
    assert_eq!(rig.find(1, 1).await, None);
    assert_eq!(rig.devices("ada", 1).await, []);
}

pub(crate) async fn a_delete_by_a_forgotten_key_ends_nothing(rig: &Rig) {
    let record = moved(rig).await;
    assert_eq!(rig.delete(1, REMEMBERED).await, Outcome::Applied);
    assert_eq!(rig.load(2, REMEMBERED).await, Some(record));
}

pub(crate) async fn an_old_key_is_remembered_over_writes_and_touches(rig: &Rig) {
    moved(rig).await;
    assert_eq!(
        rig.replace(2, 2, 2, &record_of(3), 1).await,
        Outcome::Applied
    );
    assert_eq!(rig.touch(2, 3, (2, 150), 2).await, Outcome::Applied);
    let found = rig.moved(1, 2, REMEMBERED - 1).await;
    assert_eq!(found.map(|record| record.expires), Some(moment_at(150)));
    assert_eq!(rig.find(1, REMEMBERED).await, None);
}

pub(crate) async fn only_the_last_key_is_remembered(rig: &Rig) {
    moved(rig).await;
    assert_eq!(
        rig.replace(2, 2, 3, &record_of(3), 1).await,
        Outcome::Applied
    );
    assert_eq!(rig.find(1, 1).await, None);
    assert_eq!(rig.moved(2, 3, 1).await, Some(record_of(3)));
}

pub(crate) async fn an_old_key_ends_with_its_session(rig: &Rig) {
    moved(rig).await;
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(2)), 1).await, 1);
    assert_eq!(rig.find(1, 1).await, None);

    // By expiry, and before a sweep.
    let short = Record {
        expires: moment_at(5),
        expiry: Expiry::Policy,
        ..record_of(8)
    };
    rig.insert(7, &record_of(7), 0).await;
    rig.replace(7, 7, 8, &short, 0).await;
    assert_eq!(rig.moved(7, 8, 4).await, Some(short));
    assert_eq!(rig.find(7, 5).await, None);
}

pub(crate) async fn a_new_session_under_an_expired_key_has_no_old_key(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    let short = Record {
        expires: moment_at(2),
        ..record_of(2)
    };
    rig.replace(1, 1, 2, &short, 0).await;
    assert_eq!(rig.insert(2, &record_of(3), 2).await, Outcome::Applied);
    assert_eq!(rig.find(1, 2).await, None);
    assert_eq!(rig.load(2, 2).await, Some(record_of(3)));
}
