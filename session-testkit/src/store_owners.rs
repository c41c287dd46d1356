//! The owner index: `devices` and `revoke`.

use session_core::{Only, Outcome, Record, Revoke};

use crate::store_fixture::{
    Rig, digest_of, handle_of, key_of, moment_at, owned_by, record_of, until,
};

/// Sessions 1, 2 and 3 are Ada's, 4 is Bob's, 5 is nobody's.
async fn populate(rig: &Rig) {
    for number in 1..=3 {
        rig.insert(u64::from(number), &owned_by("ada", number), 0)
            .await;
    }
    rig.insert(4, &owned_by("bob", 4), 0).await;
    rig.insert(5, &record_of(5), 0).await;
}

async fn live(rig: &Rig) -> Vec<u64> {
    let mut live = Vec::new();
    for key in 1..=5 {
        if rig.load(key, 0).await.is_some() {
            live.push(key);
        }
    }
    live
}

pub(crate) async fn an_owner_has_the_sessions_that_say_so(rig: &Rig) {
    assert_eq!(rig.devices("ada", 0).await, []);
    populate(rig).await;
    assert_eq!(rig.owned("ada", 0).await, [1, 2, 3]);
    assert_eq!(rig.owned("bob", 0).await, [4]);
    assert_eq!(rig.devices("eve", 0).await, []);
    // To have no owner is not to belong to the owner without a name.
    assert_eq!(rig.devices("", 0).await, []);
}

pub(crate) async fn devices_are_sorted_by_last_use(rig: &Rig) {
    for (number, seen) in [(1, 20), (2, 40), (3, 10), (4, 30)] {
        let record = Record {
            seen: moment_at(seen),
            ..owned_by("ada", number)
        };
        rig.insert(u64::from(number), &record, 0).await;
    }
    let order = async || {
        let devices = rig.devices("ada", 50).await;
        devices
            .iter()
            .map(|device| device.public_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(order().await, [2, 4, 1, 3].map(handle_of));
    rig.touch(3, 3, (50, 150), 50).await;
    assert_eq!(order().await, [3, 2, 4, 1].map(handle_of));
}

pub(crate) async fn a_device_shows_what_the_record_says(rig: &Rig) {
    let record = Record {
        created: moment_at(-10),
        seen: moment_at(-5),
        ..owned_by("ada", 1)
    };
    rig.insert(1, &record, 0).await;
    assert_eq!(rig.devices("ada", 0).await, [record.device(&key_of(1))]);
}

pub(crate) async fn expired_sessions_are_no_devices(rig: &Rig) {
    populate(rig).await;
    rig.touch(2, 2, (50, 150), 50).await;
    assert_eq!(rig.owned("ada", 99).await, [1, 2, 3]);
    assert_eq!(rig.owned("ada", 100).await, [2]);
    assert_eq!(rig.devices("ada", 150).await, []);
}

pub(crate) async fn the_index_follows_every_command(rig: &Rig) {
    rig.insert(1, &record_of(1), 0).await;
    // An owner, the same in another state, and another owner.
    for (state, owner, other) in [(1, "ada", "bob"), (2, "ada", "bob"), (3, "bob", "ada")] {
        let next = owned_by(owner, state + 1);
        assert_eq!(rig.replace(1, state, &next, 0).await, Outcome::Applied);
        assert_eq!(rig.owned(owner, 0).await, [1]);
        assert_eq!(rig.devices(other, 0).await, []);
    }
    // A refused command changes nothing.
    let ada = &owned_by("ada", 5);
    assert_eq!(rig.replace(1, 3, ada, 0).await, Outcome::Refused);
    assert_eq!(rig.insert(1, ada, 0).await, Outcome::Refused);
    assert_eq!(rig.devices("ada", 0).await, []);
    // To nobody, and back.
    rig.replace(1, 4, &record_of(5), 0).await;
    assert_eq!(rig.devices("bob", 0).await, []);
    rig.replace(1, 5, &owned_by("bob", 6), 0).await;
    assert_eq!(rig.owned("bob", 0).await, [1]);
    // Every way to remove.
    rig.replace(1, 6, &until(0, owned_by("bob", 7)), 0).await;
    assert_eq!(rig.devices("bob", -1).await, []);
    for only in [
        Only::Always,
        Only::Opened(&digest_of(0)),
        Only::Over(moment_at(100)),
    ] {
        rig.insert(1, &owned_by("bob", 8), 0).await;
        assert_eq!(rig.owned("bob", 0).await, [1]);
        rig.delete(1, only, 0).await;
        assert_eq!(rig.devices("bob", 0).await, [], "{only:?}");
    }
}

pub(crate) async fn owners_are_told_apart_byte_by_byte(rig: &Rig) {
    let owners = [
        "ada", "Ada", "ADA", "ada ", " ada", "adá", "ad", "adaa", "a%", "a_a", "ada\u{0}",
    ];
    for (number, owner) in (1..).zip(owners) {
        rig.insert(u64::from(number), &owned_by(owner, number), 0)
            .await;
    }
    for (number, owner) in (1..).zip(owners) {
        assert_eq!(rig.owned(owner, 0).await, [number], "{owner:?}");
    }
    assert_eq!(rig.revoke("ada", Revoke::All, 0).await, 1);
    for (number, owner) in (1..).zip(owners).skip(1) {
        assert_eq!(rig.owned(owner, 0).await, [number], "{owner:?}");
    }
}

pub(crate) async fn revoking_all_ends_every_session_of_the_owner(rig: &Rig) {
    populate(rig).await;
    assert_eq!(rig.revoke("ada", Revoke::All, 0).await, 3);
    assert_eq!(live(rig).await, [4, 5]);
    assert_eq!(rig.devices("ada", 0).await, []);
    assert_eq!(rig.revoke("ada", Revoke::All, 0).await, 0);
    assert_eq!(rig.revoke("eve", Revoke::All, 0).await, 0);
    assert_eq!(rig.revoke("", Revoke::All, 0).await, 0);
    assert_eq!(live(rig).await, [4, 5]);
}

pub(crate) async fn revoking_all_but_one_keeps_it(rig: &Rig) {
    populate(rig).await;
    assert_eq!(rig.revoke("ada", Revoke::AllBut(&handle_of(2)), 0).await, 2);
    assert_eq!(live(rig).await, [2, 4, 5]);
    assert_eq!(rig.revoke("ada", Revoke::AllBut(&handle_of(2)), 0).await, 0);
    // To keep what is not there keeps nothing.
    assert_eq!(rig.revoke("ada", Revoke::AllBut(&handle_of(4)), 0).await, 1);
    assert_eq!(live(rig).await, [4, 5]);
}

pub(crate) async fn revoking_one_ends_it_alone(rig: &Rig) {
    populate(rig).await;
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(2)), 0).await, 1);
    assert_eq!(live(rig).await, [1, 3, 4, 5]);
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(2)), 0).await, 0);
    assert_eq!(rig.owned("ada", 0).await, [1, 3]);
}

pub(crate) async fn another_owners_handle_is_as_good_as_unknown(rig: &Rig) {
    populate(rig).await;
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(4)), 0).await, 0);
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(5)), 0).await, 0);
    assert_eq!(rig.revoke("ada", Revoke::One(&handle_of(99)), 0).await, 0);
    assert_eq!(live(rig).await, [1, 2, 3, 4, 5]);
}

pub(crate) async fn revoking_removes_what_is_over_and_counts_what_is_not(rig: &Rig) {
    let (kept, ended) = (&handle_of(2), &handle_of(1));
    for (which, counted, left) in [
        (Revoke::All, 1, vec![4, 5]),
        (Revoke::AllBut(kept), 0, vec![2, 4, 5]),
        (Revoke::One(kept), 1, vec![1, 3, 4, 5]),
        (Revoke::One(ended), 0, vec![2, 3, 4, 5]),
    ] {
        populate(rig).await;
        rig.touch(2, 2, (50, 150), 50).await;
        assert_eq!(rig.revoke("ada", which, 100).await, counted, "{which:?}");
        // What was over is gone too, as a clock that is behind can see.
        let gone: Vec<_> = (1..=5).filter(|key| !left.contains(key)).collect();
        for key in gone {
            assert_eq!(rig.load(key, 0).await, None, "{which:?}: {key}");
        }
        assert_eq!(rig.load(2, 100).await.is_some(), left.contains(&2));
        for key in 1..=5 {
            rig.delete(key, Only::Always, 0).await;
        }
    }
}

pub(crate) async fn what_is_revoked_after_its_end_is_gone(rig: &Rig) {
    rig.insert(1, &owned_by("ada", 1), 0).await;
    assert_eq!(rig.revoke("ada", Revoke::All, 1_000).await, 0);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.devices("ada", 0).await, []);
    assert_eq!(
        rig.replace(1, 1, &owned_by("ada", 2), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.sweep(1_000, 10).await, 0);
}

pub(crate) async fn a_revoked_session_cannot_be_written(rig: &Rig) {
    populate(rig).await;
    rig.revoke("ada", Revoke::One(&handle_of(1)), 0).await;
    assert_eq!(
        rig.replace(1, 1, &owned_by("ada", 9), 0).await,
        Outcome::Refused
    );
    assert_eq!(rig.touch(1, 1, (50, 150), 0).await, Outcome::Refused);
    assert_eq!(rig.load(1, 0).await, None);
    assert_eq!(rig.owned("ada", 0).await, [2, 3]);
}

pub(crate) async fn many_sessions_of_one_owner_are_all_listed_and_ended(rig: &Rig) {
    for number in 1..=500 {
        let record = Record {
            seen: moment_at(i64::from(number)),
            expires: moment_at(1_000),
            ..owned_by("ada", number)
        };
        rig.insert(u64::from(number), &record, 0).await;
    }
    let devices = rig.devices("ada", 600).await;
    let expected: Vec<_> = (1..=500).rev().map(handle_of).collect();
    let listed: Vec<_> = devices.iter().map(|device| device.public_id).collect();
    assert_eq!(listed, expected);
    assert_eq!(
        rig.revoke("ada", Revoke::AllBut(&handle_of(250)), 600)
            .await,
        499
    );
    assert_eq!(rig.owned("ada", 600).await, [250]);
}
