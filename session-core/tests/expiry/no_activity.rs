//! Requests that are no activity: they keep nothing alive.

use std::time::Duration;

use session_core::{PolicyBuilder, Session};

use crate::util::{World, id_of};
use crate::{HOUR, MINUTE, SECOND, lives};

type Act = fn(&Session);

fn busy(policy: PolicyBuilder) -> PolicyBuilder {
    let policy = policy.idle(HOUR).touch_every(Duration::ZERO);
    policy.rotate_every(MINUTE * 10)
}

#[test]
fn a_request_that_stays_idle_neither_extends_nor_renews_and_a_change_does() {
    let write: Act = |session| session.insert("k", 1).unwrap();
    // What else the request does, its status: calls, cookie, what is left of the hour.
    #[rustfmt::skip]
    let rows: &[(Act, u16, &str, &str, Duration)] = &[
        (|_| (), 200, "load", "-", MINUTE * 30),
        (|_| (), 404, "load", "-", MINUTE * 30),
        (|_| (), 500, "load", "-", MINUTE * 30),
        (|session| assert_eq!(session.get("base").unwrap(), Some(1)), 200, "load", "-", MINUTE * 30),
        (|session| session.insert("base", 1).unwrap(), 200, "load", "-", MINUTE * 30),
        (write, 500, "load", "-", MINUTE * 30),
        (write, 200, "load replace", "new", HOUR),
        (|session| session.cycle().unwrap(), 200, "load replace", "new", HOUR),
        (|session| session.destroy().unwrap(), 200, "load delete", "remove", Duration::ZERO),
    ];
    for (row, (act, status, calls, effect, left)) in rows.iter().enumerate() {
        let world = World::new(busy);
        let cookie = world.begin();
        world.advance(MINUTE * 30);
        let seen = world.request(&cookie, *status, |session| {
            session.stay_idle();
            assert_eq!(session.expires_in(), Some(MINUTE * 30), "{row}");
            act(session);
        });
        assert_eq!(seen.calls.join(" "), *calls, "{row}");
        assert_eq!(seen.effect(&cookie), *effect, "{row}");
        let record = world.record(&cookie);
        let expires = record.map_or(world.now(), |record| record.expires);
        assert_eq!(expires, world.now() + *left, "{row}");
    }
}

#[test]
fn a_page_that_only_asks_what_is_left_lets_the_session_end() {
    let world = World::new(busy);
    let cookie = world.begin();
    for minute in 0..60 {
        world.request(&cookie, 200, |session| {
            session.stay_idle();
            let left = MINUTE * (60 - minute);
            assert_eq!(session.expires_in(), Some(left));
        });
        world.advance(MINUTE);
    }
    assert!(!lives(&world, &cookie));
}

#[test]
fn what_a_write_of_an_idle_request_will_extend_is_shown() {
    let world = World::new(busy);
    let cookie = world.begin();
    world.advance(MINUTE * 30);
    world.request(&cookie, 200, |session| {
        session.stay_idle();
        session.insert("k", 1).unwrap();
        assert_eq!(session.expires_in(), Some(HOUR));
    });
}

#[test]
fn an_idle_request_presents_a_new_secret_and_extends_nothing() {
    let world = World::new(|policy| policy.idle(HOUR).touch_every(Duration::ZERO));
    let old = world.begin();
    let seen = world.request(&old, 200, |session| session.cycle().unwrap());
    let new = id_of(&seen.reply).unwrap();
    let before = world.record(&new).unwrap();
    world.advance(MINUTE);
    let seen = world.request(&new, 200, Session::stay_idle);
    assert_eq!(
        (seen.calls.join(" ").as_str(), seen.effect(&new)),
        ("load replace", "-")
    );
    let after = world.record(&new).unwrap();
    assert_eq!((after.seen, after.expires), (before.seen, before.expires));
    // The old secret is dead: its grace is over, and the new one has arrived.
    assert!(!lives(&world, &old));
}

#[test]
fn a_session_that_a_request_saved_early_is_extended_by_the_save_alone() {
    let world = World::new(|policy| policy.idle(HOUR).touch_every(Duration::ZERO));
    let cookie = world.begin();
    world.advance(MINUTE);
    let mut saved = None;
    let seen = world.request_with(&cookie, 200, |opened| {
        opened.session().stay_idle();
        opened.session().insert("k", 1).unwrap();
        let _ = world.save(opened);
        saved = world.record(&cookie);
        world.advance(SECOND);
    });
    assert_eq!(seen.calls.join(" "), "load replace");
    assert_eq!(world.record(&cookie).unwrap(), saved.unwrap());
}
