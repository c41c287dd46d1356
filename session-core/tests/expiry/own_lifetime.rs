//! A session's own lifetime, in place of the policy's.

use std::time::Duration;

use session_core::{Expiry, ExpiryError, SessionError};
use time::macros::{datetime, offset};

use crate::util::{START, World};
use crate::{DAY, HOUR, SECOND, lives, plain};

#[test]
fn a_sessions_own_lifetime_survives_later_writes_and_new_ids() {
    let world = World::new(|policy| policy.idle(HOUR));
    let mut cookie = world.begin();
    let month = Expiry::After(DAY * 30);
    let seen = world.request(&cookie, 200, |session| session.set_expiry(month).unwrap());
    assert_eq!(seen.max_age(), Some(30 * 86_400));
    for day in 0..60 {
        world.advance(DAY);
        let seen = world.request(&cookie, 200, |session| {
            session.insert("day", day).unwrap();
            if day % 10 == 0 {
                session.sign_in("ada").unwrap();
            }
        });
        cookie = seen.id().unwrap_or(cookie);
        assert_eq!(world.open(&cookie).expiry(), month);
    }
    world.advance(DAY * 27);
    assert!(lives(&world, &cookie));
    world.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::Policy).unwrap();
    });
    assert_eq!(world.open(&cookie).expires_in(), Some(HOUR));
    world.advance(HOUR);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_fixed_moment_is_not_moved_by_use() {
    let world = World::new(plain);
    let cookie = world.begin();
    let moment = time::OffsetDateTime::from(START) + DAY * 3 + Duration::from_nanos(1_500);
    world.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::At(moment)).unwrap();
    });
    for _ in 0..71 {
        world.advance(HOUR);
        let seen = world.request(&cookie, 200, |session| {
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
        });
        assert_eq!(seen.effect(&cookie), "-");
    }
    assert_eq!(
        world.record(&cookie).unwrap().expires,
        START + DAY * 3 + Duration::from_micros(1)
    );
    world.advance(HOUR + Duration::from_micros(1));
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_lifetime_that_no_session_can_have_is_refused() {
    let world = World::new(plain);
    let session = world.open("");
    for (bad, error) in [
        (Expiry::After(Duration::ZERO), ExpiryError::NotPositive),
        (Expiry::After(Duration::ZERO), ExpiryError::NotPositive),
        (Expiry::At(START.into()), ExpiryError::Past),
        (Expiry::At((START - SECOND).into()), ExpiryError::Past),
        (
            Expiry::At(datetime!(9999-12-31 23:59:59 -00:01)),
            ExpiryError::Beyond,
        ),
        (
            Expiry::At(datetime!(9999-12-31 12:00 -12)),
            ExpiryError::Beyond,
        ),
        (
            Expiry::At(datetime!(2026-01-01 02:00 +2)),
            ExpiryError::Past,
        ),
    ] {
        let result = session.set_expiry(bad);
        assert!(
            matches!(result, Err(SessionError::Expiry(e)) if e == error),
            "{bad}"
        );
    }
    assert!(!session.is_modified());
}

#[test]
fn a_moment_with_an_offset_is_the_same_moment_in_utc() {
    let last = datetime!(9999-12-31 23:59:59.999_999 UTC);
    for (moment, kept) in [
        (
            datetime!(2026-12-24 01:00:00.000_001_900 +5:30),
            datetime!(2026-12-23 19:30:00.000_001 UTC),
        ),
        (datetime!(9999-12-31 23:59:59.999_999_999 UTC), last),
        (last.to_offset(offset!(-23:59)), last),
    ] {
        let world = World::new(plain);
        let cookie = world.begin();
        world.request(&cookie, 200, |session| {
            session.set_expiry(Expiry::At(moment)).unwrap();
            assert_eq!(session.expiry(), Expiry::At(kept), "{moment}");
        });
        let record = world.record(&cookie).unwrap();
        assert_eq!(record.expiry, Expiry::At(kept), "{moment}");
        assert_eq!(record.expires, kept.into(), "{moment}");
        assert!(lives(&world, &cookie));
    }
}

#[test]
fn another_owner_inherits_no_lifetime_and_may_ask_for_the_same() {
    let own = Expiry::After(Duration::from_mins(5));
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        session.sign_in("ada").unwrap();
        session.set_expiry(own).unwrap();
    });
    let cookie = seen.id().unwrap();
    let seen = world.request(&cookie, 200, |session| {
        session.sign_in("bob").unwrap();
        assert_eq!(session.expiry(), Expiry::Policy);
        assert_eq!(session.expires_in(), Some(Duration::from_hours(24 * 14)));
        session.set_expiry(own).unwrap();
        assert_eq!(session.expiry(), own);
    });
    let cookie = seen.id().unwrap();
    assert_eq!(seen.max_age(), Some(300));
    assert_eq!(world.record(&cookie).unwrap().expiry, own);
}

#[test]
fn a_lifetime_reads_back_from_the_form_that_stores_keep() {
    for expiry in [
        Expiry::Policy,
        Expiry::BrowserClose,
        Expiry::After(Duration::from_micros(1)),
        Expiry::After(DAY * 400),
        Expiry::At(START.into()),
        Expiry::At((START - DAY * 100_000).into()),
    ] {
        assert_eq!(expiry.to_string().parse(), Ok(expiry));
    }
    for bad in [
        "",
        "Policy",
        "after",
        "after:",
        "after:1.5",
        "at:x",
        "at:9223372036854775807",
        "after:0",
        "after:-5",
        "after:9223372036854775808",
        "in:5",
    ] {
        assert!(bad.parse::<Expiry>().is_err(), "{bad}");
    }
}
