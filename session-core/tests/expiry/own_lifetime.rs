//! A session's own lifetime, in place of the policy's.

use session_core::{Expiry, ExpiryError, SessionError};
use time::Duration;

use crate::util::{START, World};
use crate::{DAY, HOUR, SECOND, lives, plain};

#[test]
fn a_sessions_own_lifetime_survives_later_writes_and_new_ids() {
    let world = World::new(|policy| policy.idle(HOUR));
    let mut cookie = world.begin();
    let month = Expiry::After(DAY * 30);
    let seen = world.request(&cookie, 200, |session| session.set_lifetime(month).unwrap());
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
        assert_eq!(world.open(&cookie).lifetime(), month);
    }
    world.advance(DAY * 27);
    assert!(lives(&world, &cookie));
    world.request(&cookie, 200, |session| {
        session.set_lifetime(Expiry::Policy).unwrap();
    });
    assert_eq!(world.open(&cookie).expires_in(), Some(HOUR));
    world.advance(HOUR);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_fixed_moment_is_not_moved_by_use() {
    let world = World::new(plain);
    let cookie = world.begin();
    let moment = START + DAY * 3 + Duration::nanoseconds(1_500);
    world.request(&cookie, 200, |session| {
        session.set_lifetime(Expiry::At(moment)).unwrap();
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
        START + DAY * 3 + Duration::MICROSECOND
    );
    world.advance(HOUR + Duration::MICROSECOND);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_lifetime_that_no_session_can_have_is_refused() {
    let world = World::new(plain);
    let session = world.open("");
    for (bad, error) in [
        (Expiry::After(Duration::ZERO), ExpiryError::NotPositive),
        (Expiry::After(-SECOND), ExpiryError::NotPositive),
        (Expiry::At(START), ExpiryError::Past),
        (Expiry::At(START - SECOND), ExpiryError::Past),
    ] {
        let result = session.set_lifetime(bad);
        assert!(
            matches!(result, Err(SessionError::Expiry(e)) if e == error),
            "{bad}"
        );
    }
    assert!(!session.is_modified());
}

#[test]
fn another_owner_inherits_no_lifetime_and_may_ask_for_the_same() {
    let own = Expiry::After(Duration::minutes(5));
    let world = World::new(|policy| policy);
    let seen = world.request("", 200, |session| {
        session.sign_in("ada").unwrap();
        session.set_lifetime(own).unwrap();
    });
    let cookie = seen.id().unwrap();
    let seen = world.request(&cookie, 200, |session| {
        session.sign_in("bob").unwrap();
        assert_eq!(session.lifetime(), Expiry::Policy);
        assert_eq!(session.expires_in(), Some(Duration::days(14)));
        session.set_lifetime(own).unwrap();
        assert_eq!(session.lifetime(), own);
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
        Expiry::After(Duration::microseconds(1)),
        Expiry::After(DAY * 400),
        Expiry::At(START),
        Expiry::At(START - DAY * 100_000),
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
        "in:5",
    ] {
        assert!(bad.parse::<Expiry>().is_err(), "{bad}");
    }
}
