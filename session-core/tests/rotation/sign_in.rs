//! The id from before a sign-in, and what others do while one is under way.

use std::time::Duration;

use session_core::{Command, Expiry, Outcome, Session, Step};

use crate::request::{
    NEARLY_THE_GRACE, cycle, destroy, nothing, rotated, sign_in, signed_in, write,
};
use crate::util::{Seen, World, id_of, outage};

#[test]
fn the_id_from_before_a_sign_in_reads_what_was_there_and_writes_nothing() {
    let world = World::new(|policy| policy.touch_every(Duration::ZERO));
    let old = world.begin();
    let new = world.request(&old, 200, |session| {
        session.insert("cart", 1).unwrap();
        sign_in(session);
        session.insert("secret", 1).unwrap();
    });
    let new = new.id().unwrap();
    let before = world.record(&old).unwrap();
    world.advance(NEARLY_THE_GRACE);
    let seen = world.request(&old, 200, |session| {
        assert!(session.exists() && session.is_superseded());
        assert_eq!(session.keys(), ["base"]);
        assert_eq!((session.owner(), session.authenticated_at()), (None, None));
        assert_eq!(session.expires_at(), Some(before.expires.into()));
        write(session);
        session.cycle().unwrap();
    });
    assert!(seen.reply.is_superseded() && seen.reply.set_cookie().is_none());
    assert_eq!(seen.calls, ["load"]);
    assert_eq!(world.record(&old), Some(before));
    world.request(&new, 200, |session| {
        assert_eq!(session.keys(), ["base", "cart", "secret"]);
    });
    world.advance(Duration::from_millis(1));
    world.request(&old, 200, |session| assert!(!session.exists()));
}

#[test]
fn the_id_from_before_a_second_sign_in_sees_nothing() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    for owner in ["ada", "bob"] {
        let new = world.request(&old, 200, |session| session.sign_in(owner).unwrap());
        assert!(world.record(&new.id().unwrap()).is_some());
        let seen = world.request(&old, 200, |session| {
            assert!(!session.exists() && session.is_empty() && session.public_id().is_none());
            assert_eq!((session.owner(), session.authenticated_at()), (None, None));
            write(session);
        });
        assert!(seen.reply.is_superseded() && seen.reply.set_cookie().is_none());
    }
}

#[test]
fn a_second_sign_in_from_an_owned_session_carries_the_values_of_its_owner_alone() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    world.request(&old, 200, sign_in);
    for (owner, keys) in [("ada", &["base", "k"][..]), ("bob", &["k"])] {
        let again = world.request(&old, 200, |session| {
            assert!(session.is_empty());
            session.sign_in(owner).unwrap();
            write(session);
            assert_eq!(session.keys(), keys);
        });
        world.request(&again.id().unwrap(), 200, |session| {
            assert_eq!(session.keys(), keys);
        });
    }
}

#[test]
fn after_a_refused_save_a_sign_in_carries_along_what_was_there_at_the_last() {
    for owner in [None, Some("ada")] {
        let world = World::new(|policy| policy);
        let old = match owner {
            Some(_) => signed_in(&world),
            None => world.begin(),
        };
        let slow = world.open(&old);
        world.request(&old, 200, write);
        world.request(&old, 200, sign_in);
        slow.insert("late", 1).unwrap();
        assert!(world.save(&slow).is_superseded());
        let seen = match owner {
            Some(_) => &[][..],
            None => &["base", "k"],
        };
        assert_eq!(slow.keys(), seen);
        sign_in(&slow);
        let new = world.finish(slow, 200).id().unwrap();
        world.request(&new, 200, |session| {
            assert_eq!(session.keys(), ["base", "k"]);
        });
    }
}

#[test]
fn a_second_sign_in_within_the_grace_carries_the_values_along() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let first = world.request(&old, 200, sign_in).id().unwrap();
    let second = world.request(&old, 200, |session| {
        sign_in(session);
        write(session);
    });
    assert_eq!(second.calls, ["load", "insert"]);
    // Whichever answer the browser heeds, it is signed in and finds its values.
    for (id, keys) in [
        (&first, &["base"][..]),
        (&second.id().unwrap(), &["base", "k"]),
    ] {
        world.request(id, 200, |session| {
            assert_eq!(session.owner().as_deref(), Some("ada"));
            assert_eq!(session.keys(), keys);
        });
    }
}

#[test]
fn a_logout_with_the_id_from_before_a_sign_in_leaves_the_new_session_and_its_cookie() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let new = world.request(&old, 200, sign_in).id().unwrap();
    let seen = world.request(&old, 200, destroy);
    assert_eq!(
        (seen.effect(&old), &*seen.calls),
        ("-", &["load", "delete"][..])
    );
    assert!(world.record(&old).is_none() && world.record(&new).is_some());
}

/// A sign-in that has opened its session before `meanwhile`, and commits after it.
fn slow_sign_in(world: &World, cookie: &str, meanwhile: impl FnOnce(&World)) -> Result<Seen, u16> {
    let slow = world.open(cookie);
    sign_in(&slow);
    write(&slow);
    meanwhile(world);
    world.calls.lock().unwrap().clear();
    let step = slow.finish(200, world.now()).unwrap();
    let reply = match world.try_drive(step) {
        Ok(reply) => reply,
        Err(failed) => {
            assert!(failed.reply().set_cookie().is_none());
            return Err(failed.error().status());
        }
    };
    let calls = std::mem::take(&mut *world.calls.lock().unwrap());
    Ok(Seen { reply, calls })
}

#[test]
fn what_others_write_until_the_old_session_is_closed_is_carried_along() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let put = |world: &World| drop(world.request(&old, 200, |s| s.insert("late", 2).unwrap()));
    let seen = slow_sign_in(&world, &old, put).unwrap();
    let calls = ["insert", "replace", "load", "replace", "replace"];
    assert_eq!(seen.calls, calls);
    world.request(&seen.id().unwrap(), 200, |session| {
        assert_eq!(session.keys(), ["base", "late", "k"]);
    });
    assert!(world.record(&old).unwrap().closed);
}

/// For a clock that is ahead by more than the grace it is over at once.
#[test]
fn what_others_write_is_carried_along_also_when_the_grace_of_another_sign_in_is_over() {
    for owned in [false, true] {
        let world = World::new(|policy| policy);
        let old = if owned {
            signed_in(&world)
        } else {
            world.begin()
        };
        let seen = slow_sign_in(&world, &old, |world| {
            world.request(&old, 200, |s| s.insert("late", 2).unwrap());
            world.request(&old, 200, sign_in);
            world.advance(Duration::from_secs(11));
        });
        let seen = seen.unwrap();
        assert_eq!(seen.calls, ["insert", "replace", "load", "replace"]);
        world.request(&seen.id().unwrap(), 200, |session| {
            assert_eq!(session.keys(), ["base", "late", "k"]);
        });
    }
}

#[test]
fn a_sign_in_whose_session_was_only_read_meanwhile_needs_no_second_copy() {
    let world = World::new(|policy| policy);
    let (old, new) = rotated(&world, cycle);
    // Presented meanwhile, which is a write without a change of values.
    let seen = slow_sign_in(&world, &old, |world| {
        drop(world.request(&new, 200, nothing));
    });
    assert_eq!(
        seen.unwrap().calls,
        ["insert", "replace", "load", "replace"]
    );
}

#[test]
fn a_sign_in_whose_session_is_ended_meanwhile_is_a_conflict_and_leaves_nothing() {
    for owned in [false, true] {
        let world = World::new(|policy| policy);
        let old = if owned {
            signed_in(&world)
        } else {
            world.begin()
        };
        let end = |world: &World| drop(world.request(&old, 200, destroy));
        assert_eq!(slow_sign_in(&world, &old, end).err(), Some(409));
        assert_eq!(world.rows(), 0);
    }
}

#[test]
fn of_two_sign_ins_at_once_both_succeed() {
    for owned in [false, true] {
        let world = World::new(|policy| policy);
        let old = if owned {
            signed_in(&world)
        } else {
            world.begin()
        };
        let mut first = None;
        let seen = slow_sign_in(&world, &old, |world| {
            first = world.request(&old, 200, sign_in).id();
        });
        for id in [first.unwrap(), seen.unwrap().id().unwrap()] {
            world.request(&id, 200, |session| {
                assert_eq!(session.owner().as_deref(), Some("ada"));
                assert!(session.contains("base"));
            });
        }
    }
}

#[test]
fn a_sign_in_whose_new_session_is_revoked_at_once_is_a_conflict() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let slow = world.open(&old);
    sign_in(&slow);
    world.request(&old, 200, write);
    let mut step = slow.finish(200, world.now()).unwrap();
    let failed = loop {
        match world.step(step) {
            Ok(Step::Done(_)) => panic!("the new session is gone"),
            Ok(next) => step = next,
            Err(failed) => break failed,
        }
        let mut model = world.model.lock().unwrap();
        model.0.retain(|_, record| record.owner.is_none());
    };
    assert_eq!(failed.error().status(), 409);
    assert!(failed.reply().set_cookie().is_none());
    assert!(!world.record(&old).unwrap().closed);
}

#[test]
fn a_session_that_others_write_each_time_is_left_by_its_key() {
    let world = World::new(|policy| policy);
    let old = world.begin();
    let slow = world.open(&old);
    sign_in(&slow);
    let mut step = slow.finish(200, world.now()).unwrap();
    let mut asked = 0;
    let reply = loop {
        step = match step {
            Step::Done(reply) => break reply,
            Step::Write(write) if asked < 10_000 => {
                asked += 1;
                let is_close = matches!(
                    write.command(),
                    Command::Replace { record, .. } if record.closed
                );
                let outcome = if is_close {
                    Outcome::Refused
                } else {
                    world.write(write.command())
                };
                write.answer(Ok(outcome), world.now()).unwrap()
            }
            other => world.step(other).unwrap(),
        };
    };
    assert!(world.record(&old).is_none());
    assert!(world.record(&id_of(&reply).unwrap()).is_some());
}

#[test]
fn a_sign_in_that_the_store_fails_brings_no_cookie_and_the_old_session_stays() {
    for fails_at in 0..2 {
        let world = World::new(|policy| policy);
        let old = world.begin();
        let opened = world.open(&old);
        sign_in(&opened);
        let mut step = opened.commit(world.now()).unwrap();
        for _ in 0..fails_at {
            step = world.step(step).unwrap();
        }
        let Step::Write(write) = step else {
            panic!("there is something to write");
        };
        let failed = write.answer(Err(outage()), world.now()).unwrap_err();
        assert_eq!(failed.error().status(), 503);
        assert!(failed.reply().set_cookie().is_none());
        assert!(!world.record(&old).unwrap().closed);
        // Saved again, it leaves no second session behind.
        let reply = world.drive(opened.commit(world.now()).unwrap());
        assert!(world.record(&id_of(&reply).unwrap()).is_some());
        assert_eq!(world.rows(), 2, "the new one and the closed one");
    }
}

#[test]
fn values_that_are_removed_without_being_seen_are_not_carried_along() {
    let acts: [fn(&Session); 2] = [
        |session| session.clear().unwrap(),
        |session| assert!(!session.remove("base").unwrap()),
    ];
    for act in acts {
        let world = World::new(|policy| policy);
        let old = signed_in(&world);
        world.request(&old, 200, sign_in);
        let again = world.request(&old, 200, |session| {
            act(session);
            sign_in(session);
            assert!(session.is_empty());
        });
        world.request(&again.id().unwrap(), 200, |session| {
            assert!(session.is_empty());
        });
    }
}

#[test]
fn a_lifetime_that_is_carried_along_can_be_given_back() {
    let world = World::new(|policy| policy);
    let old = signed_in(&world);
    let own = Expiry::After(Duration::from_hours(1));
    world.request(&old, 200, |session| session.set_expiry(own).unwrap());
    world.request(&old, 200, sign_in);
    for default in [false, true] {
        let again = world.request(&old, 200, |session| {
            sign_in(session);
            assert_eq!(session.expiry(), own);
            if default {
                session.set_expiry(Expiry::Policy).unwrap();
            }
        });
        world.request(&again.id().unwrap(), 200, |session| {
            assert_eq!(session.expiry() == own, !default);
        });
    }
}

#[test]
fn a_reset_with_the_id_from_before_a_sign_in_replaces_no_cookie() {
    let reset = |session: &Session| {
        session.destroy().unwrap();
        session.insert("flash", "sign in first").unwrap();
    };
    for owned in [false, true] {
        // Of a request that knows from the beginning, and of one that finds out by an early save.
        for finds_out in [false, true] {
            let world = World::new(|policy| policy);
            let old = if owned {
                signed_in(&world)
            } else {
                world.begin()
            };
            let mut slow = world.open(&old);
            let new = world.request(&old, 200, sign_in).id().unwrap();
            if finds_out {
                write(&slow);
                assert!(world.save(&slow).is_superseded());
            } else {
                slow = world.open(&old);
            }
            reset(&slow);
            let seen = world.finish(slow, 200);
            assert!(seen.reply.set_cookie().is_none(), "{owned} {finds_out}");
            assert!(world.record(&new).is_some());
            assert_eq!(world.rows(), 1);
        }
    }
}
