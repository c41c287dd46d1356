//! What the store still holds of a session that is over, and when it is deleted.

use std::time::Duration;

use session_core::{Command, Only, Step};
use session_testkit::changed;

use crate::util::{START, World, id_of, key_of, outage};
use crate::{DAY, MINUTE, SECOND, lives, plain};

#[test]
fn what_all_clocks_agree_to_be_over_is_deleted_when_it_is_seen() {
    let (idle, moment) = (SECOND * 100, Duration::from_micros(1));
    for skew in [Duration::ZERO, SECOND * 10, MINUTE * 5] {
        for (over_by, calls) in [
            (Duration::ZERO, ["load"].as_slice()),
            (skew.saturating_sub(moment), &["load"]),
            (skew, &["load", "delete"]),
            (skew + moment, &["load", "delete"]),
            (DAY, &["load", "delete"]),
        ] {
            if (over_by < skew) != (calls.len() == 1) {
                continue;
            }
            for status in [200, 500] {
                let case = format!("skew {skew:?}, over by {over_by:?}, status {status}");
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
fn what_others_have_extended_meanwhile_is_not_deleted_as_over() {
    let world = World::new(plain);
    let cookie = world.begin();
    let record = world.record(&cookie).unwrap();
    world.advance(DAY * 15);
    let opened = world.open(&cookie);
    let seen = world.now();
    let expires = seen + DAY * 14;
    world.put(&cookie, changed!(record, seen = seen, expires = expires));
    let seen = world.finish(opened, 200);
    assert_eq!(seen.calls.last(), Some(&"delete"));
    assert!(lives(&world, &cookie));
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
