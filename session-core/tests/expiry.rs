//! Weeks of simulated time: idle, absolute, browser-close, override, throttle, boundary, clocks.
#![allow(clippy::unwrap_used)]

mod util;

use session_core::{
    Command, Expiry, ExpiryError, Only, PolicyBuilder, Record, Session, SessionError, Step,
};
use time::{Duration, OffsetDateTime};
use util::{START, World, id_of, key_of, outage};

const DAY: Duration = Duration::DAY;
const SECOND: Duration = Duration::SECOND;
const MINUTE: Duration = Duration::MINUTE;
const HOUR: Duration = Duration::HOUR;

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
    world.advance(DAY * 14 - Duration::MICROSECOND);
    assert!(lives(&world, &cookie));
    world.advance(Duration::MICROSECOND);
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
    let rows: [(i64, Option<i64>, Option<i64>, i64); 6] = [
        (100, None, None, 100),
        (100, Some(60), None, 60),
        (100, Some(200), None, 100),
        (100, None, Some(300), 300),
        (100, Some(200), Some(300), 200),
        (100, Some(200), Some(50), 50),
    ];
    for (idle, absolute, own, expected) in rows {
        let world = World::new(|policy| {
            let policy = policy.idle(Duration::seconds(idle));
            match absolute {
                Some(absolute) => policy.absolute(Duration::seconds(absolute)),
                None => policy,
            }
        });
        let seen = world.request("", 200, |session| {
            session.insert("k", 1).unwrap();
            if let Some(own) = own {
                session
                    .set_lifetime(Expiry::After(Duration::seconds(own)))
                    .unwrap();
            }
            assert_eq!(session.expires_in(), Some(Duration::seconds(expected)));
        });
        let record = world.record(&seen.id().unwrap()).unwrap();
        assert_eq!((record.expires - START).whole_seconds(), expected);
        assert_eq!(seen.max_age(), Some(expected));
    }
}

#[test]
fn reads_are_renewed_once_in_a_throttle() {
    let world = World::new(|policy| policy.idle(HOUR).touch_every(MINUTE * 6));
    let cookie = world.begin();
    let mut touches = 0;
    for _ in 0..120 {
        world.advance(MINUTE);
        let seen = world.request(&cookie, 200, |session| assert!(session.exists()));
        match seen.calls[..] {
            ["load"] => assert!(seen.reply.set_cookie().is_none()),
            ["load", "touch"] => {
                touches += 1;
                assert_eq!(seen.effect(&cookie), "same");
                assert_eq!(seen.max_age(), Some(3600));
            }
            ref other => panic!("{other:?}"),
        }
    }
    assert_eq!(touches, 20);
}

#[test]
fn a_throttle_of_zero_renews_with_every_request() {
    let world = World::new(|policy| policy.idle(MINUTE).touch_every(Duration::ZERO));
    let cookie = world.begin();
    for _ in 0..10 {
        world.advance(SECOND);
        let seen = world.request(&cookie, 200, |session| {
            assert_eq!(session.expires_in(), Some(MINUTE));
        });
        assert_eq!(seen.calls, ["load", "touch"]);
    }
}

#[test]
fn writes_renew_even_if_reads_never_do() {
    // As in Django without SESSION_SAVE_EVERY_REQUEST: expiry counts from the last write.
    let world = World::new(|policy| policy.idle(HOUR).touch_every(DAY * 365));
    let cookie = world.begin();
    for _ in 0..48 {
        world.advance(MINUTE * 30);
        let seen = world.request(&cookie, 200, |session| {
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
        });
        assert_eq!(seen.effect(&cookie), "same");
    }
    world.advance(MINUTE * 30);
    world.request(&cookie, 200, |session| assert!(session.exists()));
    world.advance(MINUTE * 30);
    assert!(!lives(&world, &cookie));
}

#[test]
fn the_browser_never_forgets_a_session_that_still_lives() {
    let world = World::new(|policy| policy.idle(HOUR));
    let seen = world.request("", 200, |session| session.insert("n", 0).unwrap());
    let cookie = seen.id().unwrap();
    let mut kept_until = world.now() + Duration::seconds(seen.max_age().unwrap());
    for step in 0..500 {
        world.advance(SECOND * (step % 97));
        let seen = world.request(&cookie, 200, |session| {
            if step % 3 > 0 {
                session.insert("n", step).unwrap();
            }
        });
        if let Some(age) = seen.max_age() {
            kept_until = world.now() + Duration::seconds(age);
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
fn each_lifetime_says_what_the_cookie_does() {
    // Django's get_expire_at_browser_close: the policy closes with the browser or not × the session's own.
    let moment = START + DAY;
    let rows = [
        (false, Expiry::Policy, Some(1_209_600)),
        (false, Expiry::BrowserClose, None),
        (false, Expiry::After(MINUTE), Some(60)),
        (false, Expiry::At(moment), Some(86_400)),
        (true, Expiry::Policy, None),
        (true, Expiry::BrowserClose, None),
        (true, Expiry::After(MINUTE), Some(60)),
        (true, Expiry::At(moment), Some(86_400)),
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
            session.set_lifetime(own).unwrap();
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
            session.set_lifetime(Expiry::After(HOUR * 3)).unwrap();
        }),
        ("lifetime and back", |session| {
            let before = session.lifetime();
            session.set_lifetime(Expiry::After(HOUR * 3)).unwrap();
            session.set_lifetime(before).unwrap();
        }),
        ("cycle", |session| session.cycle().unwrap()),
        ("sign in", |session| session.sign_in("ada").unwrap()),
    ];
    let policies: [fn(PolicyBuilder) -> PolicyBuilder; 3] = [
        |policy| policy.idle(HOUR * 10),
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
                        world.request(&cookie, 200, |session| session.set_lifetime(own).unwrap());
                    }
                    let session = world.open(&cookie);
                    world.advance(MINUTE * minutes);
                    act(&session);
                    let (end, left) = (session.expires_at().unwrap(), session.expires_in());
                    assert_eq!(
                        left,
                        Some((end - world.now()).max(Duration::ZERO)),
                        "{case}"
                    );
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
fn a_clock_that_goes_back_revives_nothing_and_shortens_nothing() {
    let world = World::new(|policy| policy.idle(HOUR).touch_every(Duration::ZERO));
    let cookie = world.begin();
    world.advance(-HOUR * 24);
    let before = world.record(&cookie).unwrap();
    let seen = world.request(&cookie, 200, |session| session.insert("k", 1).unwrap());
    assert_eq!(seen.calls, ["load", "replace"]);
    let after = world.record(&cookie).unwrap();
    assert_eq!((after.expires, after.seen), (before.expires, before.seen));
    world.advance(HOUR * 24);
    assert!(lives(&world, &cookie));

    // What was destroyed stays so at any time.
    world.request(&cookie, 200, |session| session.destroy().unwrap());
    world.advance(-DAY * 7);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_request_that_was_open_before_revives_nothing_either() {
    let world = World::new(|policy| policy.idle(SECOND * 100));
    let cookie = world.begin();
    let slow = world.open(&cookie);
    world.advance(SECOND * 101);
    assert!(!lives(&world, &cookie));
    world.advance(-SECOND * 50);
    slow.insert("k", 1).unwrap();
    assert!(world.finish(slow, 200).reply.is_gone());
    world.advance(SECOND * 60);
    assert!(!lives(&world, &cookie));
}

#[test]
fn a_lifetime_that_is_set_under_a_clock_that_was_ahead_is_within_the_absolute_limit() {
    let world = World::new(|policy| policy.absolute(DAY * 10));
    world.advance(DAY * 400);
    let cookie = world.begin();
    world.advance(DAY * -400);
    let seen = world.request(&cookie, 200, |session| {
        session.set_lifetime(Expiry::BrowserClose).unwrap();
        assert_eq!(session.expires_in(), Some(DAY * 10));
    });
    assert_eq!(seen.calls, ["load", "replace"]);
    let expires = world.record(&cookie).unwrap().expires;
    assert_eq!(expires, world.now() + DAY * 10);
}

#[test]
fn a_clock_that_is_set_back_revives_no_session_that_was_seen_to_be_over() {
    // Clocks may be further apart than it is set back, or less far.
    for skew in [Duration::ZERO, SECOND * 10, MINUTE * 5] {
        for back in [
            SECOND,
            SECOND + Duration::MICROSECOND,
            SECOND * 11,
            SECOND * 101,
        ] {
            let case = format!("skew {skew}, back {back}");
            let world = World::new(|policy| policy.idle(SECOND * 100).clock_skew(skew));
            let (cookie, unseen) = (world.begin(), world.begin());
            world.advance(SECOND * 101);
            // It stays where it is, as if the delete had failed.
            assert!(!lives(&world, &cookie), "{case}");
            world.advance(-back);
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
        Record {
            expires,
            seen: START + SECOND * 99,
            ..record
        },
    );
    world.finish(opened, 200);
    assert!(lives(&world, &cookie));
}

#[test]
fn what_all_clocks_agree_to_be_over_is_deleted_when_it_is_seen() {
    let (idle, moment) = (SECOND * 100, Duration::MICROSECOND);
    for skew in [Duration::ZERO, SECOND * 10, MINUTE * 5] {
        for (over_by, calls) in [
            (Duration::ZERO, ["load"].as_slice()),
            (skew - moment, &["load"]),
            (skew, &["load", "delete"]),
            (skew + moment, &["load", "delete"]),
            (DAY, &["load", "delete"]),
        ] {
            if over_by.is_negative() || (over_by < skew) != (calls.len() == 1) {
                continue;
            }
            for status in [200, 500] {
                let case = format!("skew {skew}, over by {over_by}, status {status}");
                let world = World::new(|policy| policy.idle(idle).clock_skew(skew));
                let cookie = world.begin();
                world.advance(idle + over_by);
                let seen = world.request(&cookie, status, |session| {
                    assert!(!session.exists(), "{case}");
                });
                assert_eq!(seen.calls, calls, "{case}");
                assert_eq!(seen.effect(&cookie), "-", "{case}");
                assert_eq!(world.rows(), 2 - calls.len(), "{case}");
            }
        }
    }
}

#[test]
fn a_delete_of_what_is_over_that_fails_does_no_harm() {
    for writes in [false, true] {
        let world = World::new(plain);
        let cookie = world.begin();
        world.advance(DAY * 14 + MINUTE * 5);
        let opened = world.open(&cookie);
        if writes {
            opened.insert("k", 1).unwrap();
        }
        let step = opened.finish(200, world.now()).unwrap();
        let Step::Write(write) = step else {
            panic!("{step:?}");
        };
        let Command::Delete { key, only } = write.command() else {
            panic!("{write:?}");
        };
        assert_eq!(*key, key_of(&cookie));
        assert!(matches!(only, Only::Over(moment) if moment == START + DAY * 14));
        let step = write.answer(Err(outage()), world.now()).unwrap();
        let reply = world.drive(step);
        assert!(!reply.is_gone() && !reply.is_superseded());
        assert_eq!(id_of(&reply).is_some(), writes);
        // It was tried once.
        let calls = world.calls.lock().unwrap();
        assert_eq!(
            calls[calls.len() - 1],
            if writes { "insert" } else { "load" }
        );
        assert!(!calls.contains(&"delete"));
    }
}

#[test]
fn what_others_have_extended_meanwhile_is_not_deleted_as_over() {
    let world = World::new(plain);
    let cookie = world.begin();
    let record = world.record(&cookie).unwrap();
    world.advance(DAY * 15);
    let opened = world.open(&cookie);
    let seen = world.now();
    let expires = seen + DAY * 14;
    world.put(
        &cookie,
        Record {
            seen,
            expires,
            ..record
        },
    );
    let seen = world.finish(opened, 200);
    assert_eq!(seen.calls.last(), Some(&"delete"));
    assert!(lives(&world, &cookie));
}

#[test]
fn a_session_of_a_clock_that_was_ahead_says_no_more_than_the_policy_allows() {
    type Act = fn(&Session);
    let acts: [(&str, Act); 5] = [
        ("read", |_| {}),
        ("write", |session| session.insert("k", 1).unwrap()),
        ("cycle", |session| session.cycle().unwrap()),
        ("lifetime", |session| {
            session.set_lifetime(Expiry::BrowserClose).unwrap();
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
            world.advance(DAY * -400);
            for round in 0..3 {
                let seen = world.request(&cookie, 200, |session| {
                    assert!(session.exists(), "{what}");
                    let left = session.expires_in().unwrap();
                    assert!(left <= most, "{what}: {left}");
                    assert!(round > 0 || left == most, "{what}: {left}");
                    assert_eq!(session.expires_at(), Some(world.now() + left), "{what}");
                    act(session);
                    let left = session.expires_in().unwrap();
                    assert!(left <= DAY * 14, "{what}: {left}");
                });
                cookie = seen.id().unwrap_or(cookie);
                world.advance(HOUR);
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
fn a_touch_does_not_undo_a_lifetime_that_was_shortened_meanwhile() {
    let world = World::new(|policy| policy.idle(DAY * 14).touch_every(Duration::ZERO));
    let cookie = world.begin();
    world.advance(MINUTE);
    let reader = world.open(&cookie);
    let short = Expiry::After(MINUTE * 5);
    world.request(&cookie, 200, |session| session.set_lifetime(short).unwrap());
    let reply = world.drive(reader.finish(200, world.now()).unwrap());
    assert!(reply.set_cookie().is_none());
    world.advance(MINUTE * 5);
    assert!(!lives(&world, &cookie));
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
        session.set_lifetime(Expiry::After(Duration::MAX)).unwrap();
    });
    assert!(lives(&world, &cookie));
    let far = OffsetDateTime::new_utc(time::Date::MAX, time::Time::MIDNIGHT);
    world.request(&cookie, 200, |session| {
        session.set_lifetime(Expiry::At(far)).unwrap();
    });
    assert_eq!(world.open(&cookie).lifetime(), Expiry::At(far));
}

#[test]
fn a_cookies_age_is_capped_where_browsers_cap_it() {
    let world = World::new(plain);
    let seen = world.request("", 200, |session| {
        session.insert("k", 1).unwrap();
        session.set_lifetime(Expiry::After(DAY * 1000)).unwrap();
    });
    assert_eq!(seen.max_age(), Some(34_560_000));
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(record.expires - START, DAY * 1000);
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
fn a_cookie_that_was_capped_is_sent_again_before_the_browser_forgets_it() {
    let world = World::new(|policy| policy);
    let end = world.now() + Duration::days(1_000);
    let seen = world.request("", 200, |session| {
        session.set_lifetime(Expiry::At(end)).unwrap();
    });
    let cookie = seen.id().unwrap();
    let mut browser_forgets = world.now() + Duration::seconds(seen.max_age().unwrap());
    let mut day = 0;
    while world.now() + Duration::days(10) < end {
        world.advance(Duration::days(10));
        assert!(world.now() < browser_forgets, "day {day}");
        let seen = world.request(&cookie, 200, |_| {});
        if let Some(age) = seen.max_age() {
            browser_forgets = world.now() + Duration::seconds(age);
        }
        day += 10;
    }
    assert!(browser_forgets >= end);
}
