//! `Insert` and `load`.

use session_core::Outcome::{Applied, Refused};
use session_core::{Command, Key, Only};

use crate::key_of;
use crate::store_fixture::{Rig, moment_at, owned_by, record_of, until};

pub(crate) async fn an_inserted_record_is_loaded(rig: &Rig) {
    assert_eq!(rig.load(1, 0).await, None);
    // A load creates nothing.
    assert_eq!(rig.sweep(1_000, 10).await, 0);
    assert_eq!(rig.insert(1, &record_of(1), 0).await, Applied);
    assert_eq!(rig.load(1, 0).await, Some(record_of(1)));
    assert_eq!(rig.load(2, 0).await, None);
}

pub(crate) async fn a_load_looks_at_the_key_alone(rig: &Rig) {
    rig.add(&record_of(1)).await;
    for secret in [0, 1, 0] {
        let found = rig.load_by(&key_of(1), secret, 0).await;
        assert_eq!(found, Some(record_of(1)), "secret {secret}");
    }
}

pub(crate) async fn an_insert_over_a_live_record_is_refused(rig: &Rig) {
    rig.add(&record_of(1)).await;
    // The same record is refused too.
    for record in [record_of(2), record_of(1), owned_by("ada", 2)] {
        assert_eq!(rig.insert(1, &record, 99).await, Refused);
        assert_eq!(rig.load(1, 99).await, Some(record_of(1)));
    }
    assert_eq!(rig.devices("ada", 99).await, []);
}

pub(crate) async fn an_insert_over_an_expired_record_takes_its_place_or_is_refused(rig: &Rig) {
    rig.add(&owned_by("ada", 1)).await;
    let later = until(200, owned_by("bob", 2));
    // Keys are random, so either answer is right.
    let applied = rig.insert(1, &later, 100).await == Applied;
    assert_eq!(rig.load(1, 100).await, applied.then_some(later));
    assert_eq!(rig.devices("ada", 100).await, []);
    assert_eq!(rig.owned("bob", 100).await.len(), usize::from(applied));
    if applied {
        assert_eq!(rig.devices("ada", 0).await, []);
        assert_eq!(rig.sweep(150, 10).await, 0);
    }
}

pub(crate) async fn a_record_may_be_over_on_arrival(rig: &Rig) {
    assert_eq!(rig.insert(1, &owned_by("ada", 1), 100).await, Applied);
    assert_eq!(rig.load(1, 100).await, None);
    assert_eq!(rig.devices("ada", 100).await, []);
    rig.delete(1, Only::Over(moment_at(100)), 100).await;
    let live = until(200, record_of(2));
    assert_eq!(rig.insert(1, &live, 100).await, Applied);
    assert_eq!(rig.load(1, 100).await, Some(live));
}

pub(crate) async fn keys_are_told_apart_byte_by_byte(rig: &Rig) {
    // Compared as text or patterns, most of these would match each other.
    let alike = [
        b"abcdefghijklmnop",
        b"Abcdefghijklmnop",
        b"abcdefghijklmnoP",
        b"abcdefghijklmno ",
        b"abcdefghijklmno\0",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"%%%%%%%%________",
        b"*?[a]{b}:\\'\"\r\n\t\x1a",
    ];
    let alike = alike.map(|bytes| Key::from_bytes(bytes).expect("16 bytes are a key"));
    let keys: Vec<_> = alike.into_iter().chain((1..=200).map(key_of)).collect();
    for (number, key) in (1..).zip(&keys) {
        let record = &owned_by("ada", number);
        let outcome = rig.write(Command::Insert { key, record }, 0).await;
        assert_eq!(outcome, Applied, "key {number}");
    }
    let devices = rig.devices("ada", 0).await;
    assert_eq!(devices.len(), keys.len());
    for (number, key) in (1..).zip(&keys) {
        let record = owned_by("ada", number);
        assert!(devices.contains(&record.device(key)), "key {number}");
        assert_eq!(rig.load_by(key, 0, 0).await, Some(record), "key {number}");
    }
    assert_eq!(rig.load(201, 0).await, None);
}
