//! How long the browser keeps the cookie.

use std::time::Duration;

use session_core::Expiry;

use crate::util::{START, World};
use crate::{DAY, HOUR, MINUTE, SECOND, lives, plain};

#[test]
fn the_browser_never_forgets_a_session_that_still_lives() {
    let world = World::new(|policy| policy.idle(HOUR));
    let seen = world.request("", 200, |session| session.insert("n", 0).unwrap());
    let cookie = seen.id().unwrap();
    let mut kept_until = world.now() + Duration::from_secs(seen.max_age().unwrap());
    for step in 0..500 {
        world.advance(SECOND * (step % 97));
        let seen = world.request(&cookie, 200, |session| {
            if step % 3 > 0 {
                session.insert("n", step).unwrap();
            }
        });
        if let Some(age) = seen.max_age() {
            kept_until = world.now() + Duration::from_secs(age);
        }
        assert!(
            kept_until >= world.record(&cookie).unwrap().expires,
            "step {step}"
        );
    }
}

#[test]
fn a_browser_close_cookie_has_no_age_and_the_server_ends_it_all_the_same() {
    let world = World::new(|policy| policy.idle(HOUR).until_browser_close());
    let seen = world.request("", 200, |session| {
        session.insert("k", 1).unwrap();
        assert!(session.is_until_browser_close());
    });
    let cookie = seen.id().unwrap();
    let text = seen.reply.set_cookie().unwrap();
    assert!(
        !text.contains("Max-Age") && !text.contains("Expires"),
        "{text}"
    );
    world.advance(MINUTE * 30);
    let write = world.request(&cookie, 200, |session| session.insert("k", 2).unwrap());
    assert_eq!(write.effect(&cookie), "-");
    world.advance(MINUTE * 59);
    assert!(lives(&world, &cookie));
    world.advance(MINUTE);
    assert!(!lives(&world, &cookie));
}

#[test]
fn each_lifetime_says_what_the_cookie_does() {
    // Django's get_expire_at_browser_close: the policy closes with the browser or not × the session's own.
    let moment = START + DAY;
    let rows = [
        (false, Expiry::Policy, Some(1_209_600)),
        (false, Expiry::BrowserClose, None),
        (false, Expiry::After(MINUTE), Some(60)),
        (false, Expiry::At(moment.into()), Some(86_400)),
        (true, Expiry::Policy, None),
        (true, Expiry::BrowserClose, None),
        (true, Expiry::After(MINUTE), Some(60)),
        (true, Expiry::At(moment.into()), Some(86_400)),
    ];
    for (closes, own, age) in rows {
        let world = World::new(|policy| {
            if closes {
                policy.until_browser_close()
            } else {
                policy
            }
        });
        let seen = world.request("", 200, |session| {
            session.insert("k", 1).unwrap();
            session.set_expiry(own).unwrap();
            assert_eq!(
                session.is_until_browser_close(),
                age.is_none(),
                "{closes} {own}"
            );
        });
        assert_eq!(seen.max_age(), age, "{closes} {own}");
    }
}

#[test]
fn a_cookies_age_is_capped_where_browsers_cap_it() {
    let world = World::new(plain);
    let seen = world.request("", 200, |session| {
        session.insert("k", 1).unwrap();
        session.set_expiry(Expiry::After(DAY * 1000)).unwrap();
    });
    assert_eq!(seen.max_age(), Some(34_560_000));
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(record.expires - START, DAY * 1000);
}

#[test]
fn a_cookie_that_was_capped_is_sent_again_before_the_browser_forgets_it() {
    let world = World::new(|policy| policy);
    let end = world.now() + Duration::from_hours(24 * 1_000);
    let seen = world.request("", 200, |session| {
        session.set_expiry(Expiry::At(end.into())).unwrap();
    });
    let cookie = seen.id().unwrap();
    let mut browser_forgets = world.now() + Duration::from_secs(seen.max_age().unwrap());
    let mut day = 0;
    while world.now() + Duration::from_hours(24 * 10) < end {
        world.advance(Duration::from_hours(24 * 10));
        assert!(world.now() < browser_forgets, "day {day}");
        let seen = world.request(&cookie, 200, |_| {});
        if let Some(age) = seen.max_age() {
            browser_forgets = world.now() + Duration::from_secs(age);
        }
        day += 10;
    }
    assert!(browser_forgets >= end);
}
