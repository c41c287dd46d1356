//! What names a session: to the browser, to a store, to its owner; and its states and moments.
#![allow(clippy::unwrap_used)]

mod util;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use session_core::{
    Command, Digest, Field, ID_LENGTH, Id, Key, Only, OsEntropy, PublicId, Revision, Salt,
    from_micros, to_micros,
};
use util::{START, World, key_of};

const TEXT: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST-_";

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn id_of(text: &str) -> Id {
    Id::parse(text.as_bytes()).unwrap()
}

#[test]
fn an_id_is_read_from_exactly_what_was_drawn() {
    let world = World::new(|policy| policy);
    let (mut keys, mut secrets) = (HashSet::new(), HashSet::new());
    for _ in 0..1_000 {
        let text = world.begin();
        assert_eq!(text.len(), ID_LENGTH);
        assert!(
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{text}"
        );
        let id = id_of(&text);
        assert_eq!(id.expose(), text);
        assert!(keys.insert(id.key()), "drawn twice");
        // From the first character on that is of the secret alone.
        assert!(secrets.insert(text[22..].to_owned()), "drawn twice");
        assert_eq!(format!("{id:?} {:?}", id.key()), "Id(…) Key(…)");
    }
    assert_eq!(world.rows(), 1_000);
}

#[test]
fn the_systems_bytes_make_other_ids_each_time() {
    let draw = || {
        let world = World::new(|policy| policy.danger_entropy(OsEntropy));
        world.begin()
    };
    let (one, other) = (draw(), draw());
    assert_ne!(id_of(&one).key(), id_of(&other).key());
    assert_ne!(one[22..], other[22..]);
}

#[test]
fn what_is_no_id_never_becomes_a_key() {
    let mut bad = vec![
        String::new(),
        "a".into(),
        TEXT[1..].into(),
        format!("{TEXT}a"),
        TEXT.repeat(2),
        "é".repeat(24),
    ];
    for (position, byte) in [
        (0, ' '),
        (47, ';'),
        (15, '\0'),
        (21, '+'),
        (22, '/'),
        (47, '='),
    ] {
        let mut text = TEXT.to_owned();
        text.replace_range(position..=position, &byte.to_string());
        bad.push(text);
    }
    for text in bad {
        assert!(Id::parse(text.as_bytes()).is_none(), "{text}");
        let world = World::new(|policy| policy);
        let seen = world.request(&text, 200, |session| assert!(!session.exists()));
        assert!(seen.calls.is_empty(), "{text}");
    }
}

#[test]
fn a_key_is_the_first_part_of_an_id_whoever_made_it() {
    let presented = id_of(TEXT).key();
    let stored = Key::from_bytes(presented.as_bytes()).unwrap();
    assert!(presented == stored && hash_of(&presented) == hash_of(&stored));
    let zeros = Key::from_bytes(&[0; 16]).unwrap();
    // 16 bytes are 21 characters and a third of one.
    for (secret, same) in [
        ("AAAA", true),
        ("A_-z", true),
        ("P___", true),
        ("Q___", false),
    ] {
        let id = id_of(&format!("{}{secret}{}", "A".repeat(21), "x".repeat(23)));
        assert_eq!(id.key() == zeros, same, "{secret}");
        assert_eq!(hash_of(&id.key()) == hash_of(&zeros), same, "{secret}");
    }
    for length in [0, 15, 17, 36] {
        assert_eq!(Key::from_bytes(&vec![0; length]), None);
    }
}

#[test]
fn whoever_has_the_key_alone_opens_nothing() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    for place in 22..ID_LENGTH {
        let mut guess = cookie.clone();
        let other = if &guess[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        guess.replace_range(place..=place, other);
        assert_eq!(id_of(&guess).key(), id_of(&cookie).key());
        let session = world.open(&guess);
        assert!(!session.exists() && session.is_empty(), "{place}");
    }
    assert!(world.open(&cookie).exists());
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
    let world = World::new(|policy| policy.absolute(Duration::from_nanos(7_000_000_001)));
    world.advance(Duration::from_nanos(1_999));
    let cookie = world.begin();
    let record = world.record(&cookie).unwrap();
    assert_eq!(record.created, START + Duration::from_micros(1));
    let issued = record.secrets.issued;
    for moment in [record.created, record.seen, record.expires, issued] {
        assert_eq!(from_micros(to_micros(moment)), Some(moment));
    }
    let key = key_of(&cookie);
    let device = record.device(&key);
    assert_eq!(device.public_id, key.public_id());
    assert_eq!(device.public_id.as_bytes(), key.as_bytes());
    assert_eq!(
        (device.created, device.seen, device.expires),
        (
            record.created.into(),
            record.seen.into(),
            record.expires.into()
        )
    );
    // Also before 1970 a moment is cut towards the past.
    let before = time::OffsetDateTime::UNIX_EPOCH - Duration::from_nanos(1);
    assert_eq!(to_micros(before), -1);
    for micros in [i64::MIN, i64::MAX] {
        assert_eq!(from_micros(micros), None);
    }
}

#[test]
fn a_record_shows_neither_its_values_nor_its_owner_nor_what_opens_it() {
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        session.insert("card", "4111-1111").unwrap();
        session.sign_in("ada@example.org").unwrap();
    });
    let cookie = seen.id().unwrap();
    let seen = world.request(&cookie, 200, |session| session.cycle().unwrap());
    let shown = format!("{:?}", world.record(&seen.id().unwrap()).unwrap());
    for part in [
        "owner: Some(\"…\")",
        "bytes",
        "present: Digest(…)",
        "digest: Digest(…)",
        "salt: Some(Salt(…))",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
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
    hits.insert(&session, 1).unwrap();
    assert_eq!(clone.update(&session, |n| n.unwrap_or(0) + 1).unwrap(), 2);
    assert_eq!(hits.get(&session).unwrap(), session.get("hits").unwrap());
    assert_eq!(
        (clone.key(), name("hits").take(&session).unwrap()),
        ("hits", Some(2))
    );
    assert_eq!(hits.get(&session).unwrap(), None);
}

#[test]
fn a_digest_and_a_salt_are_sixteen_bytes_that_are_not_shown() {
    let bytes = [7; 16];
    let (digest, salt) = (Digest::from_bytes(&bytes), Salt::from_bytes(&bytes));
    assert_eq!(digest.unwrap().as_bytes(), &bytes);
    assert_eq!(salt.unwrap().as_bytes(), &bytes);
    let shown = format!("{digest:?} {salt:?}");
    assert_eq!(shown, "Some(Digest(…)) Some(Salt(…))");
    assert!(Digest::from_bytes(&bytes[1..]).is_none() && Salt::from_bytes(b"").is_none());
    assert_ne!(digest, Digest::from_bytes(&[8; 16]));
}

#[test]
fn every_command_names_its_key() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let record = &world.record(&cookie).unwrap();
    let (key, expected) = (&key_of(&cookie), record.revision);
    let (seen, expires) = (START, START);
    let commands = [
        Command::Insert { key, record },
        Command::Replace {
            key,
            expected,
            record,
        },
        Command::Touch {
            key,
            expected,
            seen,
            expires,
        },
        Command::Delete {
            key,
            only: Only::Always,
        },
    ];
    for command in commands {
        assert_eq!(command.key(), key, "{command:?}");
    }
}
