//! Clocks that go back, and clocks that were ahead.

use std::time::Duration;

use session_core::{
    Clock, Command, Expiry, ManualClock, Moment, Outcome, Session, Step, from_micros, to_micros,
};
use session_testkit::changed;
use time::macros::datetime;

use crate::util::{START, World, key_of};
use crate::{DAY, HOUR, MINUTE, SECOND, lives};

#[test]
fn a_clock_that_goes_back_revives_nothing_and_shortens_nothing() {
    let world = World::new(|policy| policy.idle(HOUR).touch_every(Duration::ZERO));
    let cookie = world.begin();
    world.set_back(HOUR * 24);
    let before = world.record(&cookie).unwrap();
    let seen = world.request(&cookie, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(seen.calls, ["load", "replace"]);
    let after = world.record(&cookie).unwrap();
    assert_eq!((after.expires, after.seen), (before.expires, before.seen));
    world.advance(HOUR * 24);
    assert!(lives(&world, &cookie));

    // What was destroyed stays so at any time.
    world.request(&cookie, 200, |session| session.destroy().unwrap());
    world.set_back(DAY * 7);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_request_that_was_open_before_revives_nothing_either() {
    let world = World::new(|policy| policy.idle(SECOND * 100));
    let cookie = world.begin();
    let slow = world.open(&cookie);
    world.advance(SECOND * 101);
    assert!(!lives(&world, &cookie));
    world.set_back(SECOND * 50);
    slow.insert("k", 1).unwrap();
    assert!(world.finish(slow, 200).reply.is_gone());
    world.advance(SECOND * 60);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_clock_that_is_set_back_revives_no_session_that_was_seen_to_be_over() {
    // Clocks may be further apart than it is set back, or less far.
    for skew in [Duration::ZERO, SECOND * 10, MINUTE * 5] {
        for back in [
            SECOND,
            SECOND + Duration::from_micros(1),
            SECOND * 11,
            SECOND * 101,
        ] {
            let case = format!("skew {skew:?}, back {back:?}");
            let world = World::new(|policy| policy.idle(SECOND * 100).clock_skew(skew));
            let (cookie, unseen) = (world.begin(), world.begin());
            world.advance(SECOND * 101);
            // It stays where it is, as if the delete had failed.
            assert!(!lives(&world, &cookie), "{case}");
            world.set_back(back);
            // Of one that nobody has seen the clock alone says what it is.
            assert_eq!(lives(&world, &unseen), back > SECOND, "{case}");
            for _ in 0..2 {
                let seen = world.request(&cookie, 200, |session| {
                    assert!(!session.exists() && session.is_empty(), "{case}");
                    assert_eq!(session.get::<u8>("base").unwrap(), None, "{case}");
                    session.insert("k", 1).unwrap();
                });
                assert_eq!(seen.effect(&cookie), "new", "{case}");
                assert_ne!(key_of(&seen.id().unwrap()), key_of(&cookie), "{case}");
            }
            // Until the clock is where it was, and after that.
            while world.now() < START + SECOND * 205 {
                world.advance(SECOND * 7);
                assert!(!lives(&world, &cookie), "{case}");
            }
        }
    }
}

#[test]
fn what_was_over_for_one_server_only_lives_on_if_another_has_extended_it() {
    let world = World::new(|policy| policy.idle(SECOND * 100));
    let cookie = world.begin();
    let record = world.record(&cookie).unwrap();
    world.advance(SECOND * 101);
    let opened = world.open(&cookie);
    assert!(!opened.exists());
    // By a clock that is a little behind it was not over yet.
    let expires = START + SECOND * 199;
    world.put(
        &cookie,
        changed!(record, expires = expires, seen = START + SECOND * 99),
    );
    world.finish(opened, 200);
    assert!(lives(&world, &cookie));
}

#[test]
fn a_lifetime_that_is_set_under_a_clock_that_was_ahead_is_within_the_absolute_limit() {
    let world = World::new(|policy| policy.absolute(DAY * 10));
    world.advance(DAY * 400);
    let cookie = world.begin();
    world.set_back(DAY * 400);
    let seen = world.request(&cookie, 200, |session| {
        session.set_expiry(Expiry::BrowserClose).unwrap();
        assert_eq!(session.expires_in(), Some(DAY * 10));
    });
    assert_eq!(seen.calls, ["load", "replace"]);
    let expires = world.record(&cookie).unwrap().expires;
    assert_eq!(expires, world.now() + DAY * 10);
}

#[test]
fn a_session_of_a_clock_that_was_ahead_says_no_more_than_the_policy_allows() {
    type Act = fn(&Session);
    let acts: [(&str, Act); 5] = [
        ("read", |_| {}),
        ("write", |session| session.insert("k", 1).unwrap()),
        ("cycle", |session| session.cycle().unwrap()),
        ("lifetime", |session| {
            session.set_expiry(Expiry::BrowserClose).unwrap();
        }),
        ("sign in", |session| session.sign_in("ada").unwrap()),
    ];
    for absolute in [None, Some(DAY * 10)] {
        for (what, act) in acts {
            let world = World::new(|policy| match absolute {
                Some(absolute) => policy.absolute(absolute),
                None => policy,
            });
            let most = absolute.unwrap_or(DAY * 14);
            world.advance(DAY * 400);
            let mut cookie = world.begin();
            world.set_back(DAY * 400);
            for round in 0..3 {
                let seen = world.request(&cookie, 200, |session| {
                    assert!(session.exists(), "{what}");
                    let left = session.expires_in().unwrap();
                    assert!(left <= most, "{what}: {left:?}");
                    assert!(round > 0 || left == most, "{what}: {left:?}");
                    assert_eq!(
                        session.expires_at(),
                        Some((world.now() + left).into()),
                        "{what}"
                    );
                    act(session);
                    let left = session.expires_in().unwrap();
                    assert!(left <= DAY * 14, "{what}: {left:?}");
                });
                cookie = seen.id().unwrap_or(cookie);
                world.advance(HOUR);
            }
        }
    }
}

#[test]
fn a_clock_with_an_offset_says_the_same_as_one_in_utc() {
    let moments = [
        datetime!(2026-11-27 12:00:00.000_000_5 +14),
        datetime!(9999-12-31 23:59:00 -1),
        datetime!(9999-12-31 23:59:59 +1),
        datetime!(-9999-01-01 00:00:00 +1),
    ];
    for moment in moments {
        let manual = ManualClock::new(moment);
        let moment = Moment::of(moment);
        let world = World::new(|policy| policy.clock(Stopped(moment)));
        assert_eq!(manual.now(), world.policy.now());
        let opened = world.open("");
        opened.insert("k", 1).unwrap();
        let mut step = opened.finish(200, moment).unwrap();
        loop {
            step = match step {
                Step::Done(_) => break,
                Step::Load(_) | Step::List(_) => unreachable!("nobody else writes"),
                Step::Write(write) => {
                    let Command::Insert { record, .. } = write.command() else {
                        unreachable!("a session begins");
                    };
                    for kept in [record.created, record.seen, record.expires] {
                        assert_eq!(from_micros(to_micros(kept)), Some(kept), "{moment}");
                    }
                    write.answer(Ok(Outcome::Applied), moment).unwrap()
                }
            }
        }
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct Stopped(Moment);

impl Clock for Stopped {
    fn now(&self) -> Moment {
        self.0
    }
}
