//! Sessions that are sealed in their cookies.
#![cfg(feature = "sealed")]
#![allow(clippy::unwrap_used)]

mod epochs;
mod world;

use std::time::Duration;

use pollster::block_on;
use session_core::{
    Carrier, Expiry, PolicyBuilder, RequestSession, Revoke, Sealed, SealingKeys, SessionError,
};
use time::macros::datetime;
use world::{World, keys, value_of, write};

const OLD: &str = "an old key of 32 characters, or of more";
const NEW: &str = "a new key of 32 characters, or of more";

const IDLE: Duration = Duration::from_mins(30);

#[test]
fn a_session_is_in_its_cookie_and_nobody_can_read_it() {
    let world = World::by(&[NEW]);
    let sealed = world.request("", |session| {
        write(session);
        session.sign_in("ada").unwrap();
        session.set_expiry(Expiry::After(IDLE * 2)).unwrap();
    });
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let bytes = base64::Engine::decode(&bytes, &sealed).unwrap();
    for secret in ["the value", "\"k\"", "after:"] {
        let mut windows = bytes.windows(secret.len());
        assert!(
            windows.all(|window| window != secret.as_bytes()),
            "{secret}"
        );
    }
    world.request(&sealed, |session| {
        assert_eq!(session.get("k").unwrap(), Some("the value".to_owned()));
        assert_eq!(session.owner().as_deref(), Some("ada"));
        assert_eq!(session.expiry(), Expiry::After(IDLE * 2));
        assert!(session.authenticated_at().is_some());
    });
    // Each seal has another nonce.
    let twice = [0, 1].map(|_| world.request("", write));
    assert_ne!(twice[0][..32], twice[1][..32]);
    assert_ne!(twice[0][32..64], twice[1][32..64]);
}

#[test]
fn every_change_of_a_bit_and_every_cut_is_refused() {
    let world = World::by(&[NEW, OLD]);
    let sealed = world.request("", write).into_bytes();
    assert!(world.opens(&sealed));
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[place] ^= 1 << bit;
            // The end of a cookie, a space or a quotation mark is not a part of its value.
            if changed[place] != b';' {
                assert!(!world.opens(&changed), "bit {bit} of {place}");
            }
        }
        assert!(!world.opens(&sealed[..place]), "{place} characters");
        assert!(!world.opens(&sealed[place + 1..]), "from {place} on");
        let without = [&sealed[..place], &sealed[place + 1..]].concat();
        assert!(!world.opens(&without), "without {place}");
    }
    for more in ["A", "=", "==", "AAAA", ".", "%41"] {
        assert!(!world.opens(&[&sealed, more.as_bytes()].concat()), "{more}");
    }
    let standard: Vec<u8> = sealed
        .iter()
        .map(|byte| if *byte == b'-' { b'+' } else { *byte })
        .collect();
    assert_eq!(world.opens(&standard), standard == sealed);
}

#[test]
fn every_bit_of_what_is_sealed_counts() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let world = World::by(&[NEW]);
    let sealed = URL_SAFE_NO_PAD.decode(world.request("", write)).unwrap();
    assert!(world.opens(URL_SAFE_NO_PAD.encode(&sealed).as_bytes()));
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(
            !world.opens(URL_SAFE_NO_PAD.encode(changed).as_bytes()),
            "{bit}"
        );
    }
    for end in 0..sealed.len() {
        assert!(
            !world.opens(URL_SAFE_NO_PAD.encode(&sealed[..end]).as_bytes()),
            "{end}"
        );
    }
}

#[test]
fn a_value_opens_under_its_own_name_alone() {
    let world = World::by(&[NEW]);
    let sealed = world.request("", write);
    for name in ["S", "s2", "ss", "session"] {
        let sealed_by = Sealed::by(keys(&[NEW]));
        let other = World::new(sealed_by, |policy| policy.cookie_name(name));
        assert!(!other.opens(sealed.as_bytes()), "{name}");
    }
}

#[test]
fn keys_change_without_logging_anybody_out_and_a_removed_key_ends_its_sessions() {
    // Servers of two steps of the deploy run beside each other.
    let steps: [&[&str]; 4] = [&[OLD], &[OLD, NEW], &[NEW, OLD], &[NEW]];
    for pair in steps.windows(2).take(2) {
        for (seals, opens) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let sealed = World::by(seals).request("", write);
            assert!(
                World::by(opens).opens(sealed.as_bytes()),
                "{seals:?}, {opens:?}"
            );
        }
    }
    let old = World::by(&[OLD]).request("", write);
    assert!(!World::by(&[NEW]).opens(old.as_bytes()));
    // A session in use is sealed anew by the first key, also if it is only read.
    let world = World::by(&[NEW, OLD]);
    world.clock.advance(IDLE / 2);
    let renewed = world.request(&old, |session| assert!(session.exists()));
    assert_ne!(renewed, old);
    assert!(World::by(&[NEW]).opens(renewed.as_bytes()));
}

#[test]
fn a_copy_is_over_when_the_seal_says_so() {
    type Begin = fn(&RequestSession);
    let rows: [(Begin, Duration); 4] = [
        (write, IDLE),
        (
            |session| session.set_expiry(Expiry::After(IDLE * 2)).unwrap(),
            IDLE * 2,
        ),
        (
            |session| {
                let end = datetime!(2026-11-27 12:10 UTC);
                session.set_expiry(Expiry::At(end)).unwrap();
            },
            Duration::from_mins(10),
        ),
        // The absolute limit, whatever else is said.
        (
            |session| session.set_expiry(Expiry::After(IDLE * 99)).unwrap(),
            IDLE * 3,
        ),
    ];
    for (row, (begin, life)) in rows.into_iter().enumerate() {
        let world = World::new(Sealed::by(keys(&[NEW])), |policy| policy.absolute(IDLE * 3));
        let sealed = world.request("", begin);
        world
            .clock
            .advance(life.saturating_sub(Duration::from_micros(1)));
        assert!(world.opens(sealed.as_bytes()), "{row}");
        world.clock.advance(Duration::from_micros(1));
        assert!(!world.opens(sealed.as_bytes()), "{row}");
    }
    // Activity extends the next cookie's life, not that of a copy, and not beyond the limit.
    let world = World::new(Sealed::by(keys(&[NEW])), |policy| policy.absolute(IDLE * 2));
    let first = world.request("", write);
    let mut sealed = first.clone();
    for _ in 0..3 {
        world.clock.advance(IDLE / 2);
        sealed = world.request(&sealed, |session| assert!(session.exists()));
    }
    assert!(!world.opens(first.as_bytes()));
    world.clock.advance(IDLE / 2);
    assert!(!world.opens(sealed.as_bytes()));
}

#[test]
fn a_session_that_browsers_would_not_keep_is_an_error_and_the_one_before_stays() {
    let world = World::by(&[NEW]);
    let sealed = world.request("", write);
    let fill = |bytes: usize| {
        let reply = world.attempt(sealed.as_bytes(), |session| {
            session.insert("k", "x".repeat(bytes)).unwrap();
        });
        match reply {
            Ok(reply) => Ok(value_of(&reply).unwrap().len()),
            Err(failed) => {
                assert!(failed.reply().set_cookie().is_none());
                Err(failed.into_parts().0)
            }
        }
    };
    let fits = (2_000..4_000)
        .take_while(|bytes| fill(*bytes).is_ok())
        .last()
        .unwrap();
    let (length, json) = (fill(fits).unwrap(), fits + r#"{"k":""}"#.len());
    assert!((4_090..=4_094).contains(&length), "{length}");
    assert!((2_930..=2_970).contains(&json), "{json} bytes of JSON fit");
    let error = fill(fits + 1).unwrap_err();
    assert!(matches!(error, SessionError::TooLarge { limit: 4096, .. }));
    assert_eq!(error.status(), 413);
    assert!(world.opens(sealed.as_bytes()));
}

#[test]
fn what_needs_a_store_is_unsupported() {
    let world = World::by(&[NEW]);
    let sessions = &world.sessions;
    let asked = [
        block_on(sessions.devices("ada")).map(drop),
        block_on(sessions.revoke("ada", Revoke::All)).map(drop),
    ];
    for asked in asked {
        assert!(asked.unwrap_err().is_unsupported());
    }
    let sealed = world.request("", |session| session.sign_in("ada").unwrap());
    world.request(&sealed, |session| {
        for asked in [
            block_on(session.devices()).map(drop),
            block_on(session.revoke(Revoke::All)).map(drop),
            block_on(session.revoke_others()).map(drop),
            session.ended(|_| std::future::pending()).map(drop),
            block_on(session.reopen()).map(drop),
        ] {
            let error = asked.unwrap_err();
            assert_eq!(error.status(), 501);
            assert!(error.public_json().contains("not possible"));
        }
        assert_eq!(session.owner().as_deref(), Some("ada"));
    });
}

#[test]
fn keys_that_can_be_guessed_are_refused_and_none_is_shown() {
    let short = SealingKeys::new("x".repeat(31)).unwrap_err();
    assert!(short.length == 31 && short.to_string().contains("openssl"));
    assert!(keys(&[NEW]).open_also("").is_err());
    let shown = format!("{:?} {:?}", keys(&[NEW, OLD]), World::by(&[NEW]).sessions);
    assert!(!shown.contains("key of 32"), "{shown}");
}

#[test]
fn a_policy_of_what_they_cannot_do_is_refused() {
    let rows: [fn(PolicyBuilder) -> PolicyBuilder; 2] = [
        |policy| policy.carrier(Carrier::Both),
        |policy| policy.rotate_every(IDLE),
    ];
    for configure in rows {
        let refused = std::panic::catch_unwind(|| {
            World::new(Sealed::by(keys(&[NEW])), configure);
        });
        assert!(refused.is_err());
    }
}

#[test]
fn a_cookie_of_nobodys_session_is_over_sooner_and_a_sign_in_gives_it_the_owners_time() {
    let minute = Duration::from_mins(1);
    let world = World::new(Sealed::by(keys(&[NEW])), |p| p.anonymous_idle(minute));
    let nobodys = world.request("", write);
    let owned = world.request(&nobodys, |session| session.sign_in("ada").unwrap());
    world.clock.advance(minute);
    assert!(!world.opens(nobodys.as_bytes()));
    assert!(world.opens(owned.as_bytes()));
}
