//! The owner index: `devices` and `revoke`.

use session_core::Outcome::{Applied, Refused};
use session_core::{Only, Record, Revoke};

use crate::changed;
use crate::store_fixture::{
    Rig, digest_of, handle_of, key_of, moment_at, owned_by, record_of, until,
};

/// Inserts Ada's sessions 1 to 3, of which 3 is closed, Bob's 4, and 5 without an owner.
///
/// A store of plain ids has no closed one.
async fn populate(rig: &Rig) {
    for record in [owned_by("ada", 1), owned_by("ada", 2)] {
        rig.add(&record).await;
    }
    if rig.keys_stay() {
        rig.add(&closed(3)).await;
    }
    rig.add(&owned_by("bob", 4)).await;
    rig.add(&record_of(5)).await;
}

/// Returns a closed session of Ada's.
fn closed(number: u32) -> Record {
    changed!(owned_by("ada", number), closed = true)
}

pub(crate) async fn an_owner_has_the_sessions_that_say_so(rig: &Rig) {
    assert_eq!(rig.devices("ada", 0).await, []);
    populate(rig).await;
    assert_eq!(rig.owned("ada", 0).await, [1, 2]);
    assert_eq!(rig.owned("bob", 0).await, [4]);
    assert_eq!(rig.devices("eve", 0).await, []);
    // A session without an owner does not belong to the owner with an empty name.
    assert_eq!(rig.devices("", 0).await, []);
}

pub(crate) async fn devices_are_sorted_by_sign_in(rig: &Rig) {
    for (number, created) in [(1, -20), (2, 40), (3, -10), (4, 30)] {
        let created = moment_at(created);
        rig.add(&changed!(owned_by("ada", number), created = created))
            .await;
    }
    assert_eq!(rig.listed("ada", 50).await, [2, 4, 3, 1].map(handle_of));
    // The last use does not matter, but a replacement may set another moment.
    rig.touch(3, 3, (50, 150), 50).await;
    assert_eq!(rig.listed("ada", 50).await, [2, 4, 3, 1].map(handle_of));
    let newer = changed!(owned_by("ada", 5), created = moment_at(50));
    rig.replace(1, 1, &newer, 50).await;
    assert_eq!(rig.listed("ada", 50).await, [1, 2, 4, 3].map(handle_of));
}

pub(crate) async fn a_list_has_pages(rig: &Rig) {
    // Five sign-ins at each of two moments.
    for number in 1..=10 {
        let created = moment_at(i64::from(number % 2));
        rig.add(&changed!(owned_by("ada", number), created = created))
            .await;
    }
    rig.add(&owned_by("bob", 11)).await;
    if rig.keys_stay() {
        rig.add(&closed(12)).await;
    }
    rig.add(&until(40, owned_by("ada", 13))).await;
    let all = rig.listed("ada", 50).await;
    let mut expected: Vec<_> = (1..=10_u64)
        .map(|number| {
            (
                number % 2,
                rig.stored_handle(&handle_of(number)),
                handle_of(number),
            )
        })
        .collect();
    expected.sort_unstable_by(|one, other| other.cmp(one));
    assert!(all.iter().eq(expected.iter().map(|(_, _, handle)| handle)));
    for (from, limit) in [
        (0, 1),
        (0, 3),
        (2, 3),
        (4, 2),
        (5, 5),
        (7, 10),
        (9, 1),
        (9, 0),
    ] {
        let first = all.get(from).filter(|_| from > 0);
        let page = rig.page("ada", first, 50, limit).await;
        let page: Vec<_> = page.iter().map(|device| device.public_id).collect();
        assert!(
            page.iter().eq(all.iter().skip(from).take(limit)),
            "{from} {limit}"
        );
    }
    // Another owner's session, a closed one, one that is over, and none.
    for number in [11, 12, 13, 99] {
        let page = rig.page("ada", Some(&handle_of(number)), 50, 10).await;
        assert_eq!(page, [], "{number}");
    }
}

pub(crate) async fn a_device_shows_what_the_record_says(rig: &Rig) {
    let record = changed!(
        owned_by("ada", 1),
        created = moment_at(-10),
        seen = moment_at(-5)
    );
    rig.add(&record).await;
    assert_eq!(rig.devices("ada", 0).await, [record.device(&key_of(1))]);
}

pub(crate) async fn expired_sessions_are_no_devices(rig: &Rig) {
    populate(rig).await;
    rig.touch(2, 2, (50, 150), 50).await;
    assert_eq!(rig.owned("ada", 99).await, [1, 2]);
    assert_eq!(rig.owned("ada", 100).await, [2]);
    assert_eq!(rig.devices("ada", 150).await, []);
}

pub(crate) async fn closed_sessions_are_no_devices(rig: &Rig) {
    if !rig.keys_stay() {
        return;
    }
    rig.add(&closed(1)).await;
    rig.add(&owned_by("ada", 2)).await;
    assert_eq!(rig.replace(2, 2, &closed(3), 0).await, Applied);
    // A touch does not reopen a closed session.
    for (key, state) in [(1, 1), (2, 3)] {
        assert_eq!(rig.touch(key, state, (50, 150), 0).await, Applied);
    }
    assert_eq!(rig.devices("ada", 50).await, []);
    // It exists like any other.
    assert_eq!(rig.sweep(50, 10).await, 0);
    assert_eq!(rig.stored(1..=2).await, [1, 2]);
}

pub(crate) async fn the_index_follows_every_command(rig: &Rig) {
    rig.add(&record_of(1)).await;
    // An owner, the same owner again, and another owner.
    for (state, owner, other) in [(1, "ada", "bob"), (2, "ada", "bob"), (3, "bob", "ada")] {
        let next = owned_by(owner, state + 1);
        assert_eq!(rig.replace(1, state, &next, 0).await, Applied);
        assert_eq!(rig.owned(owner, 0).await, [1]);
        assert_eq!(rig.devices(other, 0).await, []);
    }
    // A refused command changes nothing.
    rig.refuses(1, 3, 0).await;
    assert_eq!(rig.insert(1, &owned_by("ada", 5), 0).await, Refused);
    assert_eq!(rig.devices("ada", 0).await, []);
    // No owner, a closed session or another owner, and an owner again.
    let unlisted = if rig.keys_stay() {
        closed(5)
    } else {
        owned_by("eve", 5)
    };
    for (state, next) in [(4, record_of(5)), (6, unlisted)] {
        rig.replace(1, state, &next, 0).await;
        assert_eq!(rig.devices("ada", 0).await, []);
        assert_eq!(rig.devices("bob", 0).await, []);
        rig.replace(1, 5, &owned_by("bob", 6), 0).await;
        assert_eq!(rig.owned("bob", 0).await, [1]);
    }
    // Every way to remove.
    rig.replace(1, 6, &until(0, owned_by("bob", 7)), 0).await;
    assert_eq!(rig.devices("bob", -1).await, []);
    let digest = digest_of(0);
    let over = Only::Over(moment_at(100));
    for only in [Only::Always, Only::Opened(&digest), over] {
        rig.add(&owned_by("bob", 1)).await;
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
        rig.add(&owned_by(owner, number)).await;
    }
    for (number, owner) in (1..).zip(owners) {
        assert_eq!(rig.owned(owner, 0).await, [number], "{owner:?}");
    }
    assert_eq!(rig.revoke("ada", Revoke::All, 0).await, 1);
    for (number, owner) in (1..).zip(owners).skip(1) {
        assert_eq!(rig.owned(owner, 0).await, [number], "{owner:?}");
    }
}

pub(crate) async fn a_revocation_removes_the_named_sessions_and_counts_the_listed_ones(rig: &Rig) {
    let [first, closed, bobs, nobodys, unknown] = &[1, 3, 4, 5, 99].map(handle_of);
    for (owner, which, counted, left) in [
        ("ada", Revoke::All, 2, vec![4, 5]),
        ("eve", Revoke::All, 0, vec![1, 2, 3, 4, 5]),
        ("", Revoke::All, 0, vec![1, 2, 3, 4, 5]),
        ("ada", Revoke::AllBut(first), 1, vec![1, 4, 5]),
        ("ada", Revoke::AllBut(closed), 2, vec![3, 4, 5]),
        // The exception does not exist, or is another owner's.
        ("ada", Revoke::AllBut(unknown), 2, vec![4, 5]),
        ("ada", Revoke::AllBut(bobs), 2, vec![4, 5]),
        ("ada", Revoke::One(first), 1, vec![2, 3, 4, 5]),
        ("ada", Revoke::One(closed), 0, vec![1, 2, 4, 5]),
        // Another owner's handle is as good as unknown.
        ("ada", Revoke::One(unknown), 0, vec![1, 2, 3, 4, 5]),
        ("ada", Revoke::One(bobs), 0, vec![1, 2, 3, 4, 5]),
        ("ada", Revoke::One(nobodys), 0, vec![1, 2, 3, 4, 5]),
    ] {
        populate(rig).await;
        let is_there = |key: &u64| *key != 3 || rig.keys_stay();
        let left: Vec<_> = left.into_iter().filter(is_there).collect();
        let case = format!("{which:?} of {owner:?}");
        // The second time there is nothing left to remove.
        for counted in [counted, 0] {
            assert_eq!(rig.revoke(owner, which, 0).await, counted, "{case}");
            assert_eq!(rig.stored(1..=5).await, left, "{case}");
        }
        let listed: Vec<_> = left.into_iter().filter(|key| *key < 3).collect();
        assert_eq!(rig.owned("ada", 0).await, listed, "{case}");
        for key in 1..=5 {
            rig.delete(key, Only::Always, 0).await;
        }
    }
}

pub(crate) async fn a_revocation_removes_expired_sessions_and_does_not_count_them(rig: &Rig) {
    let (live, over) = (&handle_of(1), &handle_of(2));
    for (which, counted, left) in [
        (Revoke::All, 1, vec![]),
        (Revoke::AllBut(live), 0, vec![1]),
        (Revoke::AllBut(over), 1, vec![]),
        (Revoke::One(over), 0, vec![1]),
    ] {
        rig.add(&until(200, owned_by("ada", 1))).await;
        rig.add(&owned_by("ada", 2)).await;
        assert_eq!(rig.revoke("ada", which, 100).await, counted, "{which:?}");
        if which != Revoke::AllBut(over) {
            // It is gone, also by a clock that is behind.
            rig.refuses(2, 2, 0).await;
            assert_eq!(rig.owned("ada", 0).await, left, "{which:?}");
            assert_eq!(rig.sweep(199, 10).await, 0);
        }
        assert_eq!(rig.owned("ada", 100).await, left, "{which:?}");
        rig.delete(1, Only::Always, 0).await;
        rig.delete(2, Only::Always, 0).await;
    }
}

pub(crate) async fn many_sessions_of_one_owner_are_all_listed_and_ended(rig: &Rig) {
    for number in 1..=500 {
        let mut record = until(1_000, owned_by("ada", number));
        record.created = moment_at(number.into());
        rig.add(&record).await;
    }
    let expected: Vec<_> = (1..=500).rev().map(handle_of).collect();
    assert_eq!(rig.listed("ada", 600).await, expected);
    let exception = &handle_of(250);
    assert_eq!(rig.revoke("ada", Revoke::AllBut(exception), 600).await, 499);
    assert_eq!(rig.owned("ada", 600).await, [250]);
}
