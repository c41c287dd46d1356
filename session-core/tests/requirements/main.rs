//! Requirements of SECURITY.md that no other test is about, under their numbers.
#![allow(clippy::unwrap_used)]

mod consent;
mod sizes;
#[path = "../util/mod.rs"]
mod util;

use std::collections::HashSet;
use std::time::Duration;

use session_core::{Exchange, Expiry, Id, OsEntropy, Session, SignIn};
use util::{World, key_of};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Writes bytes as an id writes them.
fn text_of(bytes: &[u8]) -> String {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |place| byte >> place & 1));
    let bits: Vec<u8> = bits.collect();
    let letters = bits.chunks(6).map(|six| {
        let value = six.iter().fold(0_u8, |value, bit| value << 1 | bit);
        char::from(ALPHABET[usize::from(value << (6 - six.len()))])
    });
    letters.collect()
}

#[test]
fn r01_of_a_hundred_thousand_ids_none_comes_twice_and_no_character_is_favoured() {
    const IDS: u32 = 100_000;
    let world = World::new(|policy| policy.danger_entropy(OsEntropy));
    let mut seen = HashSet::new();
    let mut counts = vec![[0_u32; 128]; 48];
    for _ in 0..IDS {
        let session = world.open("");
        session.set_expiry(Expiry::BrowserClose).unwrap();
        let id = world.finish(session, 200).id().unwrap();
        world.model.lock().unwrap().0.clear();
        assert_eq!(id.len(), 48);
        for (count, byte) in counts.iter_mut().zip(id.bytes()) {
            count[usize::from(byte)] += 1;
        }
        assert!(seen.insert(id), "drawn twice");
    }
    let expected = f64::from(IDS) / 64.0;
    for (place, count) in counts.iter().enumerate() {
        let squares = ALPHABET.iter().map(|letter| {
            let off = f64::from(count[usize::from(*letter)]) - expected;
            off * off / expected
        });
        let chi: f64 = squares.sum();
        // Chance exceeds this once in a milliard times, with 63 degrees of freedom.
        assert!(chi < 160.0, "place {place}: {chi}");
    }
}

#[test]
fn r02_an_id_depends_on_chance_alone() {
    let draw = |days: u64, begin: &dyn Fn(&Session)| {
        let world = World::new(|policy| policy);
        world.advance(Duration::from_hours(24 * days));
        world.request("", 200, begin).id().unwrap()
    };
    let first = draw(0, &|session| session.sign_in("ada").unwrap());
    let other = draw(400, &|session| {
        let sign_in = SignIn::of("bob")
            .label("a phone")
            .address([192, 0, 2, 1].into());
        session.sign_in(sign_in).unwrap();
        session.insert("cart", "apples").unwrap();
    });
    // The worlds draw the same bytes one after the other.
    assert_eq!(first, other);
}

#[test]
fn r05_nothing_that_is_stored_opens_a_session() {
    let world = World::new(|policy| policy);
    let old = world
        .request("", 200, |s| s.sign_in("ada").unwrap())
        .id()
        .unwrap();
    let new = world
        .request(&old, 200, |s| s.cycle().unwrap())
        .id()
        .unwrap();
    let record = world.record(&new).unwrap();
    let key = key_of(&new).as_bytes().to_vec();
    let remembered = record.secrets.remembered.clone().unwrap();
    let parts: Vec<Vec<u8>> = vec![
        key,
        record.secrets.present.as_bytes().to_vec(),
        remembered.digest.as_bytes().to_vec(),
        remembered.salt.unwrap().as_bytes().to_vec(),
        record.device(&key_of(&new)).public_id.as_bytes().to_vec(),
    ];
    let mut presented = Vec::new();
    for part in &parts {
        presented.push(text_of(part));
        let hex = part.iter();
        presented.push(hex.fold(String::new(), |all, byte| format!("{all}{byte:02x}")));
        for other in &parts {
            for third in &parts {
                // As long as an id: its key, and what could be its secret.
                let bytes = [&part[..], other, third].concat();
                presented.push(text_of(&bytes[..36]));
                presented.push(text_of(&bytes[bytes.len() - 36..]));
            }
        }
    }
    let mut ids = 0;
    for text in presented {
        ids += usize::from(Id::parse(text.as_bytes()).is_some());
        let session = world.open(&text);
        assert!(!session.exists() && session.owner().is_none(), "{text}");
    }
    assert_eq!(ids, 2 * 5 * 5 * 5, "as many as have the form of an id");
    assert!(world.open(&new).exists() && world.open(&old).exists());
}

#[test]
fn r06_a_near_miss_is_as_far_as_any_other_and_no_store_is_asked_for_it() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let asked = |text: &str| {
        let header = world.header(text);
        let Exchange::Unread(question) = Exchange::open(&world.policy, [header.as_bytes()]) else {
            panic!("an id is a question to the store");
        };
        (
            *question.key(),
            u128::from_be_bytes(*question.secret().as_bytes()),
        )
    };
    let (key, right) = asked(&cookie);
    assert_eq!(
        right.to_be_bytes(),
        *world.record(&cookie).unwrap().secrets.present.as_bytes()
    );
    for place in 22..48 {
        for letter in ALPHABET {
            let mut guess = cookie.clone().into_bytes();
            if guess[place] == *letter {
                continue;
            }
            guess[place] = *letter;
            let (same, digest) = asked(std::str::from_utf8(&guess).unwrap());
            assert_eq!(same, key);
            // Half of the bits are others, and never all but a few are right.
            let others = (digest ^ right).count_ones();
            assert!((20..=108).contains(&others), "{others} at {place}");
        }
    }
}

#[test]
fn r26_the_limits_of_each_level_of_assurance_hold_to_the_second() {
    const SECOND: Duration = Duration::from_secs(1);
    // NIST SP 800-63B-4: the level, the whole life, inactivity.
    for (level, absolute, idle) in [
        (
            1,
            Duration::from_hours(30 * 24),
            Duration::from_hours(14 * 24),
        ),
        (2, Duration::from_hours(24), Duration::from_hours(1)),
        (3, Duration::from_hours(12), Duration::from_mins(15)),
    ] {
        let world = World::new(|policy| policy.idle(idle).absolute(absolute));
        let sign_in = || {
            world
                .request("", 200, |s| s.sign_in("ada").unwrap())
                .id()
                .unwrap()
        };
        let lives = |cookie: &str| {
            let mut exists = false;
            world.request(cookie, 200, |session| exists = session.exists());
            exists
        };
        let (idler, other) = (sign_in(), sign_in());
        world.advance(idle.checked_sub(SECOND).unwrap());
        assert!(lives(&idler), "level {level}");
        world.advance(SECOND);
        assert!(!lives(&other), "level {level}");

        let busy = sign_in();
        let mut used = Duration::ZERO;
        while used + idle / 2 < absolute {
            world.advance(idle / 2);
            used += idle / 2;
            assert!(lives(&busy), "level {level} after {used:?}");
        }
        let left = absolute.checked_sub(used + SECOND).unwrap();
        world.advance(left);
        assert!(lives(&busy), "level {level}");
        world.advance(SECOND);
        assert!(!lives(&busy), "level {level}");
    }
}
