//! Weeks of simulated time: how long a session lives, and what its cookie says of that.
#![allow(clippy::unwrap_used)]

mod anonymous;
mod clocks;
mod cookies;
mod extension;
mod moments;
mod no_activity;
mod own_lifetime;
mod remaining;
mod remains;
#[path = "../util/mod.rs"]
mod util;

use std::time::Duration;

use session_core::{Expiry, Moment, PolicyBuilder, Session};
use util::{START, World, id_of};

const DAY: Duration = Duration::from_hours(24);
const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

fn plain(policy: PolicyBuilder) -> PolicyBuilder {
    policy
}

fn lives(world: &World, cookie: &str) -> bool {
    world.open(cookie).exists()
}

#[test]
fn a_session_ends_at_the_moment_it_expires_and_not_before() {
    let world = World::new(plain);
    let cookie = world.begin();
    world.advance((DAY * 14).saturating_sub(Duration::from_micros(1)));
    assert!(lives(&world, &cookie));
    world.advance(Duration::from_micros(1));
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_session_in_use_lives_on_for_a_year() {
    let world = World::new(plain);
    let cookie = world.begin();
    for _ in 0..365 {
        world.advance(DAY);
        world.request(&cookie, 200, |session| assert!(session.exists()));
    }
    world.advance(DAY * 14);
    assert!(!lives(&world, &cookie));
}

#[test]
fn the_absolute_limit_holds_however_busy_the_session_is() {
    let world = World::new(|policy| policy.idle(HOUR).absolute(HOUR * 12));
    let mut cookie = world.begin();
    let mut minutes = 0;
    while lives(&world, &cookie) {
        world.advance(MINUTE * 10);
        minutes += 10;
        let seen = world.request(&cookie, 200, |session| {
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
            // A new id is no new life.
            session.cycle().unwrap();
        });
        if minutes < 720 {
            cookie = seen.id().unwrap();
        }
    }
    assert_eq!(minutes, 720);
}

#[test]
fn a_sign_in_restarts_the_absolute_lifetime() {
    let world = World::new(|policy| policy.idle(HOUR * 12).absolute(HOUR * 12));
    let cookie = world.begin();
    world.advance(HOUR * 11);
    let signed = world.request(&cookie, 200, |session| session.sign_in("ada").unwrap());
    let cookie = signed.id().unwrap();
    world.advance(HOUR * 11);
    assert!(lives(&world, &cookie));
    world.advance(HOUR);
    assert!(!lives(&world, &cookie));
}

#[test]
fn the_earliest_limit_counts() {
    // idle, absolute, own: what is left right after the write.
    let rows: [(u64, Option<u64>, Option<u64>, u64); 6] = [
        (100, None, None, 100),
        (100, Some(60), None, 60),
        (100, Some(200), None, 100),
        (100, None, Some(300), 300),
        (100, Some(200), Some(300), 200),
        (100, Some(200), Some(50), 50),
    ];
    for (idle, absolute, own, expected) in rows {
        let world = World::new(|policy| {
            let policy = policy.idle(Duration::from_secs(idle));
            match absolute {
                Some(absolute) => policy.absolute(Duration::from_secs(absolute)),
                None => policy,
            }
        });
        let seen = world.request("", 200, |session| {
            session.insert("k", 1).unwrap();
            if let Some(own) = own {
                session
                    .set_expiry(Expiry::After(Duration::from_secs(own)))
                    .unwrap();
            }
            assert_eq!(session.expires_in(), Some(Duration::from_secs(expected)));
        });
        let record = world.record(&seen.id().unwrap()).unwrap();
        assert_eq!(record.expires - START, Duration::from_secs(expected));
        assert_eq!(seen.max_age(), Some(expected));
    }
}

#[test]
fn what_a_session_says_of_its_end_is_what_the_response_does() {
    type Act = fn(&Session);
    let acts: [(&str, Act); 8] = [
        ("read", |_| {}),
        ("write", |session| session.insert("k", 1).unwrap()),
        ("write back", |session| {
            session.insert("base", 2).unwrap();
            session.insert("base", 1).unwrap();
        }),
        ("come and go", |session| {
            session.insert("k", 1).unwrap();
            session.remove("k").unwrap();
        }),
        ("lifetime", |session| {
            session.set_expiry(Expiry::After(HOUR * 3)).unwrap();
        }),
        ("lifetime and back", |session| {
            let before = session.expiry();
            session.set_expiry(Expiry::After(HOUR * 3)).unwrap();
            session.set_expiry(before).unwrap();
        }),
        ("cycle", |session| session.cycle().unwrap()),
        ("sign in", |session| session.sign_in("ada").unwrap()),
    ];
    let policies: [fn(PolicyBuilder) -> PolicyBuilder; 4] = [
        |policy| policy.idle(HOUR * 10),
        |policy| policy.idle(HOUR * 10).anonymous_idle(HOUR),
        |policy| policy.idle(HOUR * 10).until_browser_close(),
        |policy| policy.idle(HOUR * 10).absolute(HOUR * 11),
    ];
    for (number, policy) in policies.into_iter().enumerate() {
        for (what, act) in acts {
            for own in [Expiry::Policy, Expiry::After(HOUR * 2)] {
                // After the load, and for the first time in the middle of a long handler.
                for minutes in [0, 1, 10, 30, 59, 119, 120, 121, 599, 600, 601, 5_000] {
                    let case = format!("policy {number}, {what}, {own}, {minutes} minutes");
                    let world = World::new(policy);
                    let cookie = world.begin();
                    if own != Expiry::Policy {
                        world.request(&cookie, 200, |session| session.set_expiry(own).unwrap());
                    }
                    let session = world.open(&cookie);
                    world.advance(MINUTE * minutes);
                    act(&session);
                    let (end, left) = (session.expires_at().unwrap(), session.expires_in());
                    let end = Moment::of(end);
                    let expected = Duration::try_from(end - world.now()).unwrap_or_default();
                    assert_eq!(left, Some(expected), "{case}");
                    let step = session.finish(200, world.now()).unwrap();
                    let cookie = id_of(&world.drive(step)).unwrap_or(cookie);
                    let stored = world.record(&cookie).map(|record| record.expires);
                    let said = (end > world.now()).then_some(end);
                    assert_eq!(stored, said, "{case}");
                }
            }
        }
    }
}

#[test]
fn a_policy_that_became_stricter_holds_for_sessions_of_before() {
    let generous = World::new(|policy| policy.idle(DAY * 30));
    let cookie = generous.begin();
    let strict = World::new(|policy| policy.idle(HOUR).absolute(DAY));
    *strict.model.lock().unwrap() = generous.model.lock().unwrap().clone();
    assert!(lives(&strict, &cookie));
    strict.advance(HOUR);
    assert!(!lives(&strict, &cookie));
}

#[test]
fn the_end_of_time_is_no_overflow() {
    let world = World::new(|policy| {
        policy
            .until_browser_close()
            .idle(Duration::MAX)
            .absolute(Duration::MAX)
    });
    let cookie = world.begin();
    world.advance(DAY * 10_000);
    assert!(lives(&world, &cookie));
    world.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::After(Duration::MAX)).unwrap();
    });
    assert!(lives(&world, &cookie));
    let far = time::OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT);
    world.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::At(far)).unwrap();
    });
    assert_eq!(world.open(&cookie).expiry(), Expiry::At(far));
}
