//! Which requests renew a session, and how often.

use std::time::Duration;

use session_core::Expiry;

use crate::util::World;
use crate::{DAY, HOUR, MINUTE, SECOND, lives};

#[test]
fn reads_extend_a_life_once_in_a_throttle() {
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
fn a_throttle_of_zero_extends_with_every_request() {
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
fn a_throttle_of_zero_begins_nothing_for_ids_that_are_unknown_or_over() {
    let world = World::new(|policy| policy.idle(MINUTE).touch_every(Duration::ZERO));
    let over = world.begin();
    world.advance(MINUTE);
    let made_up = (0..100).map(|number| format!("{number:048}"));
    for cookie in made_up.chain([over]) {
        let seen = world.request(&cookie, 200, |session| assert!(!session.exists()));
        assert_eq!(seen.calls, ["load"], "{cookie}");
        assert_eq!(seen.effect(&cookie), "-", "{cookie}");
        assert!(!lives(&world, &cookie));
    }
    // The one that is over waits for the sweep.
    assert_eq!(world.rows(), 1);
}

#[test]
fn writes_extend_even_if_reads_never_do() {
    // As in Django without SESSION_SAVE_EVERY_REQUEST: expiry counts from the last write.
    let world = World::new(|policy| policy.idle(HOUR).touch_never());
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
fn a_touch_does_not_undo_a_lifetime_that_was_shortened_meanwhile() {
    let world = World::new(|policy| policy.idle(DAY * 14).touch_every(Duration::ZERO));
    let cookie = world.begin();
    world.advance(MINUTE);
    let reader = world.open(&cookie);
    let short = Expiry::After(MINUTE * 5);
    world.request(&cookie, 200, |session| session.set_expiry(short).unwrap());
    let reply = world.drive(reader.finish(200, world.now()).unwrap());
    assert!(reply.set_cookie().is_none());
    world.advance(MINUTE * 5);
    assert!(!lives(&world, &cookie));
}
