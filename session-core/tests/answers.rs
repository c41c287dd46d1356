//! Early saves whose answers are lost, and sign-ins and logouts that can't be completed.
#![allow(clippy::unwrap_used)]

mod util;

use std::time::Duration;

use session_core::{Opened, Session, Step, from_micros, to_micros};
use util::{Seen, World, outage};

/// An early save that the store applies, and whose answer never arrives.
fn lose_a_save(world: &World, opened: &Opened) {
    let Step::Write(write) = opened.commit(world.now()).unwrap() else {
        panic!("there is something to write");
    };
    world.write(write.command());
    assert!(write.answer(Err(outage()), world.now()).is_err());
}

fn count(session: &Session) {
    session
        .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .unwrap();
}

fn owned(world: &World) -> usize {
    let model = world.model.lock().unwrap();
    model.0.values().filter(|row| row.owner.is_some()).count()
}

#[test]
fn a_change_that_is_taken_back_after_a_lost_answer_is_taken_back_in_the_store() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    world.request_with(&cookie, 200, |session| {
        session.insert("admin", true).unwrap();
        lose_a_save(&world, session);
        session.remove("admin").unwrap();
    });
    world.request(&cookie, 200, |session| assert!(!session.contains("admin")));
}

#[test]
fn after_a_repeated_save_the_session_shows_what_is_stored() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    world.request_with(&cookie, 200, |session| {
        count(session);
        session.insert("base", 2).unwrap();
        lose_a_save(&world, session);
        drop(world.save(session));
        assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
        // No equal value, although it is the one that was loaded.
        session.insert("base", 1).unwrap();
    });
    let record = world.only_record();
    assert_eq!(&*record.data, r#"{"base":1,"n":1}"#);
}

#[test]
fn a_rotation_whose_answer_was_lost_is_told_by_a_later_one() {
    type Act = fn(&Session);
    let acts: [Act; 2] = [
        |session| session.cycle().unwrap(),
        |session| session.reauthenticate().unwrap(),
    ];
    for act in acts {
        for saves_again in [false, true] {
            let world = World::new(|policy| policy);
            let seen = world.request_with("", 200, |session| {
                session.sign_in("ada").unwrap();
                assert!(world.save(session).set_cookie().is_some());
                world.advance(Duration::from_mins(1));
                act(session);
                lose_a_save(&world, session);
                if saves_again {
                    drop(world.save(session));
                }
            });
            let cookie = seen.id().expect("a cookie of what is stored");
            world.request(&cookie, 200, |session| {
                assert_eq!(session.owner().as_deref(), Some("ada"));
                assert!(session.authenticated_at().is_some());
            });
        }
    }
}

#[test]
fn a_sign_in_that_cannot_be_merged_leaves_no_session() {
    type Act = fn(&Session);
    let rows: [(Act, Act, u16); 2] = [
        (
            |session| session.insert("mine", "x".repeat(120)).unwrap(),
            |session| session.insert("other", "y".repeat(120)).unwrap(),
            413,
        ),
        (count, |session| session.insert("n", "text").unwrap(), 500),
    ];
    for (act, meanwhile, status) in rows {
        let world = World::new(|policy| policy.max_bytes(200));
        let cookie = world.begin();
        let opened = world.open(&cookie);
        act(&opened);
        opened.sign_in("ada").unwrap();
        let step = opened.finish(200, world.now()).unwrap();
        world.request(&cookie, 200, meanwhile);
        let failed = world.try_drive(step).unwrap_err();
        assert_eq!(failed.error().status(), status);
        assert!(failed.reply().set_cookie().is_none());
        assert_eq!(owned(&world), 0);
        assert!(!world.record(&cookie).unwrap().closed);
    }
}

#[test]
fn a_sign_in_that_is_dropped_after_a_lost_answer_leaves_no_second_session() {
    for destroys in [false, true] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let opened = world.open(&cookie);
        opened.insert("a", 1).unwrap();
        lose_a_save(&world, &opened);
        opened.sign_in("ada").unwrap();
        // Inserted, refused, loaded; then the future is dropped.
        let mut step = opened.commit(world.now()).unwrap();
        for _ in 0..3 {
            step = world.step(step).unwrap();
        }
        drop(step);
        if destroys {
            opened.destroy().unwrap();
        }
        world.finish(opened, 200);
        assert_eq!(owned(&world), usize::from(!destroys));
    }
}

#[test]
fn values_that_are_carried_along_leave_moments_that_stores_keep() {
    let world = World::new(|policy| policy.idle(Duration::from_hours(1) + Duration::from_nanos(1)));
    let cookie = world.begin();
    let opened = world.open(&cookie);
    opened.sign_in("ada").unwrap();
    let step = opened.finish(200, world.now()).unwrap();
    world.request(&cookie, 200, count);
    drop(world.drive(step));
    for record in world.model.lock().unwrap().0.values() {
        assert_eq!(from_micros(to_micros(record.expires)), Some(record.expires));
    }
}

#[test]
fn a_logout_ends_what_is_over_by_this_clock_alone() {
    let ahead = World::new(|policy| policy.idle(Duration::from_hours(1)));
    let cookie = ahead.begin();
    ahead.advance(Duration::from_hours(1) + Duration::from_secs(30));
    let seen = ahead.request(&cookie, 200, |session| session.destroy().unwrap());
    assert_eq!(
        (seen.effect(&cookie), &*seen.calls),
        ("remove", &["load", "delete"][..])
    );
    assert_eq!(ahead.rows(), 0);

    // Also if it has ended while the request went on.
    let world = World::new(|policy| policy.idle(Duration::from_hours(1)));
    let cookie = world.begin();
    let opened = world.open(&cookie);
    count(&opened);
    world.advance(Duration::from_hours(1) + Duration::from_secs(30));
    assert!(world.save(&opened).is_gone());
    opened.destroy().unwrap();
    world.finish(opened, 200);
    assert_eq!(world.rows(), 0);
}

/// A request with the id from before a login.
fn superseded(world: &World, act: impl FnOnce(&Opened)) -> Seen {
    let old = world.begin();
    world.request(&old, 200, |session| session.sign_in("ada").unwrap());
    world.request_with(&old, 200, act)
}

#[test]
fn a_save_without_changes_drops_nothing() {
    let world = World::new(|policy| policy.idle(Duration::from_hours(1)));
    let over = world.begin();
    world.advance(Duration::from_hours(2));
    let old = world.begin();
    world.request(&old, 200, |session| session.sign_in("ada").unwrap());
    let both = format!("{old}; {}={over}", world.policy.cookie_name());
    world.request_with(&both, 200, |session| {
        // It deletes what is over.
        let reply = world.save(session);
        assert!(!reply.is_superseded());
        assert_eq!(session.get::<u32>("base").unwrap(), Some(1));
    });
    assert!(world.record(&over).is_none());
}

#[test]
fn after_a_dropped_save_a_sign_in_still_carries_the_values() {
    let world = World::new(|policy| policy);
    let seen = superseded(&world, |session| {
        count(session);
        assert!(world.save(session).is_superseded());
        assert!(session.insert("late", 1).is_err());
        session.sign_in("ada").unwrap();
    });
    world.request(&seen.id().unwrap(), 200, |session| {
        assert_eq!(session.keys(), ["base"]);
    });
}

#[test]
fn a_logout_begins_with_the_session_that_was_loaded() {
    let world = World::new(|policy| policy);
    let (one, two) = (world.begin(), world.begin());
    let both = format!("{one}; {}={two}", world.policy.cookie_name());
    let opened = world.open(&both);
    opened.destroy().unwrap();
    let step = opened.finish(200, world.now()).unwrap();
    let _ = world.step(step).unwrap();
    assert!(world.record(&one).is_none() && world.record(&two).is_some());
}
