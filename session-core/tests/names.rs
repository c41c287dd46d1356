//! What names a session: to the browser, to a store, to its owner; and its states and moments.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use session_core::{Field, Id, Key, OsEntropy, PublicId, Revision, from_micros, to_micros};
use time::{Duration, OffsetDateTime};
use util::{Counter, START, World};

const TEXT: &str = "abcdefghijklmnopqrstuvwxyz234567";

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn an_id_is_read_from_exactly_what_was_drawn() {
    let entropy = Counter::default();
    let mut seen = HashSet::new();
    for _ in 0..1_000 {
        let id = Id::draw(&entropy).unwrap();
        let text = id.expose();
        assert!(
            text.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
        );
        assert!(Id::parse(text.as_bytes()) == Some(id), "{text}");
        assert!(seen.insert(text.to_owned()), "drawn twice");
        assert!(!format!("{id:?} {:?}", Key::of(id)).contains(text));
    }
    assert_ne!(
        Id::draw(&OsEntropy).unwrap().expose(),
        Id::draw(&OsEntropy).unwrap().expose()
    );
}

#[test]
fn what_is_no_id_never_becomes_a_key() {
    let bad = [
        "",
        "a",
        &TEXT[1..],
        &TEXT.to_uppercase(),
        "é".repeat(16).as_str(),
    ]
    .map(str::to_owned);
    for (position, byte) in [(0, ' '), (31, ';'), (15, '\0'), (7, '-'), (9, 'A')] {
        let mut text = TEXT.to_owned();
        text.replace_range(position..=position, &byte.to_string());
        assert!(Id::parse(text.as_bytes()).is_none(), "{text}");
    }
    for text in bad {
        assert!(Id::parse(text.as_bytes()).is_none(), "{text}");
    }
    assert!(Id::parse(format!("{TEXT}a").as_bytes()).is_none());
}

#[test]
fn a_key_is_its_digest_whoever_made_it() {
    let id = Id::parse(TEXT.as_bytes()).unwrap();
    let (presented, stored) = (Key::of(id), Key::from_digest(*Key::of(id).digest()));
    assert!(presented == stored && hash_of(&presented) == hash_of(&stored));
    // Only who presented the id has it.
    assert_eq!(presented.id().map(Id::expose), Some(TEXT));
    assert!(stored.id().is_none());
    let other = Key::of(Id::parse(&TEXT.as_bytes().repeat(2)[1..33]).unwrap());
    assert!(presented != other && hash_of(&presented) != hash_of(&other));
}

#[test]
fn a_device_handle_reads_back_from_what_it_shows_and_from_nothing_else() {
    for number in [0, 1, 255, u128::MAX, 1 << 127] {
        let handle = PublicId::from_bytes(u128::to_be_bytes(number));
        let text = handle.to_string();
        assert_eq!(text.len(), 32);
        assert_eq!(PublicId::parse(&text), Some(handle));
        assert_eq!(PublicId::from_bytes(*handle.as_bytes()), handle);
        assert!(format!("{handle:?}").contains(&text));
    }
    let good = PublicId::from_bytes([0xab; 16]).to_string();
    for bad in [
        "",
        "0x",
        &good[1..],
        &good.to_uppercase(),
        &format!("{good}0"),
        &format!("+{}", &good[1..]),
        &format!(" {}", &good[1..]),
        &"é".repeat(16),
    ] {
        assert_eq!(PublicId::parse(bad), None, "{bad}");
    }
}

#[test]
fn each_write_has_a_revision_of_its_own_that_fits_a_databases_integer() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let mut seen = HashSet::new();
    for number in 0..100 {
        world.request(&cookie, 200, |session| session.insert("n", number).unwrap());
        let revision = world.record(&cookie).unwrap().revision;
        assert!(revision.to_i64() >= 0);
        assert!(seen.insert(revision.to_i64()), "drawn twice");
        assert_eq!(Revision::from_i64(revision.to_i64()), revision);
    }
}

#[test]
fn every_moment_of_a_record_is_one_that_a_store_can_keep() {
    let world = World::new(|policy| policy.absolute(Duration::nanoseconds(7_000_000_001)));
    world.advance(Duration::nanoseconds(1_999));
    let cookie = world.begin();
    let record = world.record(&cookie).unwrap();
    assert_eq!(record.created, START + Duration::microseconds(1));
    for moment in [record.created, record.seen, record.expires] {
        assert_eq!(from_micros(to_micros(moment)), Some(moment));
    }
    let device = record.device();
    assert_eq!(device.public_id, record.public_id);
    assert_eq!(
        (device.created, device.seen, device.expires),
        (record.created, record.seen, record.expires)
    );
    // Also before 1970 a moment is cut towards the past.
    let before = OffsetDateTime::UNIX_EPOCH - Duration::nanoseconds(1);
    assert_eq!(to_micros(before), -1);
    for micros in [i64::MIN, i64::MAX] {
        assert_eq!(from_micros(micros), None);
    }
}

#[test]
fn a_record_shows_neither_its_values_nor_its_owner() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        session.insert("card", "4111-1111").unwrap();
        session.sign_in("ada@example.org").unwrap();
    });
    let shown = format!("{:?}", world.record(&seen.id().unwrap()).unwrap());
    assert!(
        shown.contains("owner: Some(\"…\")") && shown.contains("bytes"),
        "{shown}"
    );
    assert!(!shown.contains("4111") && !shown.contains("ada"), "{shown}");
}

#[test]
fn a_field_and_its_copies_are_one_value() {
    let world = World::new(|policy| policy);
    let session = world.open("");
    let name = Field::<u32>::new;
    let hits = name("hits");
    #[allow(clippy::clone_on_copy, reason = "clones are what is tested")]
    let clone = hits.clone();
    hits.insert(&session, &1).unwrap();
    assert_eq!(clone.update(&session, |n| n.unwrap_or(0) + 1).unwrap(), 2);
    assert_eq!(hits.get(&session).unwrap(), session.get("hits").unwrap());
    assert_eq!(
        (clone.key(), name("hits").take(&session).unwrap()),
        ("hits", Some(2))
    );
    assert_eq!(hits.get(&session).unwrap(), None);
}
