//! Ids of one part, which a store keeps in clear: a change of the id moves the record.
#![allow(clippy::unwrap_used)]

mod refused;
#[path = "../util/mod.rs"]
mod util;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use session_core::{
    CommitError, Entropy, EntropyError, Expiry, Key, Policy, PolicyBuilder, Revision, Session,
    SessionError, Sessions, Step, Store as _,
};
use session_testkit::ModelStore;
use util::{World, outage};

fn plain(policy: PolicyBuilder) -> PolicyBuilder {
    policy.plain_ids().insecure().cookie_name("sessionid")
}

fn write(session: &Session) {
    session.insert("k", 1).unwrap();
}

fn sign_in(session: &Session) {
    session.sign_in("ada").unwrap();
}

fn cycle(session: &Session) {
    session.cycle().unwrap();
}

fn reauthenticate(session: &Session) {
    session.reauthenticate().unwrap();
}

/// A world with a session of ada's; returns its cookie.
fn signed_in(world: &World) -> String {
    let seen = world.request(&world.begin(), 200, sign_in);
    seen.id().unwrap()
}

#[test]
fn each_act_has_its_commands_and_its_cookie() {
    type Row = (fn(&Session), u16, &'static str, &'static str);
    let rows: &[Row] = &[
        (|_| {}, 200, "load", "-"),
        (write, 200, "load replace", "-"),
        (cycle, 200, "load move", "new"),
        (
            |session| {
                cycle(session);
                write(session);
            },
            200,
            "load move",
            "new",
        ),
        (reauthenticate, 200, "load move", "new"),
        (sign_in, 200, "load move", "new"),
        (
            |session| session.sign_in("bob").unwrap(),
            200,
            "load move",
            "new",
        ),
        (cycle, 500, "load", "-"),
        (sign_in, 503, "load", "-"),
        (
            |session| session.destroy().unwrap(),
            200,
            "load delete",
            "remove",
        ),
        (
            |session| session.destroy().unwrap(),
            500,
            "load delete",
            "remove",
        ),
    ];
    for (row, (act, status, calls, effect)) in rows.iter().enumerate() {
        let world = World::new(plain);
        let old = signed_in(&world);
        world.advance(Duration::from_secs(1));
        let seen = world.request(&old, *status, act);
        let told = (&*seen.calls.join(" "), seen.effect(&old));
        assert_eq!(told, (*calls, *effect), "row {row}");
        if let Some(new) = seen.id() {
            assert_eq!(world.rows(), 1, "row {row}");
            assert_eq!(world.record(&old), None, "row {row}");
            assert!(new.len() == 32 && Key::parse_plain(&new).is_some(), "{new}");
        }
    }
}

#[test]
fn a_session_that_moves_keeps_all_that_is_its_own() {
    let world = World::new(|policy| plain(policy).absolute(Duration::from_secs(3_600)));
    let old = signed_in(&world);
    world.request(&old, 200, |session| {
        session
            .set_expiry(Expiry::After(Duration::from_secs(600)))
            .unwrap();
        write(session);
    });
    let before = world.record(&old).unwrap();
    world.advance(Duration::from_secs(300));
    let new = world.request(&old, 200, cycle).id().unwrap();
    let after = world.record(&new).unwrap();
    assert_eq!(after.data, before.data);
    assert_eq!(after.owner.as_deref(), Some("ada"));
    assert_eq!(after.expiry, before.expiry);
    assert_eq!(
        (after.created, after.authenticated),
        (before.created, before.authenticated)
    );
    assert_eq!(after.expires, world.now() + Duration::from_secs(600));
    assert_ne!(after.secrets, before.secrets);

    // A re-authentication has its own moment; a sign-in begins the absolute limit again.
    world.advance(Duration::from_secs(300));
    let newer = world.request(&new, 200, reauthenticate).id().unwrap();
    let renewed = world.record(&newer).unwrap();
    assert_eq!(
        (renewed.created, renewed.authenticated),
        (before.created, Some(world.now()))
    );
    let newest = world.request(&newer, 200, sign_in).id().unwrap();
    assert_eq!(world.record(&newest).unwrap().created, world.now());
    world.request(&newest, 200, |session| {
        assert_eq!(session.keys(), ["base", "k"]);
    });
}

#[test]
fn another_owner_finds_nothing_of_the_one_before() {
    let world = World::new(plain);
    let old = signed_in(&world);
    let new = world.request(&old, 200, |session| session.sign_in("bob").unwrap());
    world.request(&new.id().unwrap(), 200, |session| {
        assert_eq!(
            (session.owner().as_deref(), session.is_empty()),
            (Some("bob"), true)
        );
    });
}

#[test]
fn the_id_from_before_opens_nothing() {
    for act in [cycle, reauthenticate, sign_in] {
        let world = World::new(plain);
        let old = signed_in(&world);
        world.request(&old, 200, act);
        let seen = world.request(&old, 200, |session| {
            assert!(!session.exists() && session.is_empty());
            write(session);
        });
        // As an unknown one: what is written begins a session with nothing of the other.
        assert_eq!(
            (&*seen.calls.join(" "), seen.effect(&old)),
            ("load insert", "new")
        );
        assert_eq!(world.rows(), 2);
    }
}

#[test]
fn what_others_write_before_the_move_comes_along() {
    for act in [cycle, reauthenticate, sign_in] {
        let world = World::new(plain);
        let old = signed_in(&world);
        let slow = world.open(&old);
        act(slow.session());
        slow.session().insert("slow", 1).unwrap();
        slow.session()
            .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
            .unwrap();
        world.request(&old, 200, |session| {
            write(session);
            session
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
        });
        let seen = world.finish(slow, 200);
        assert_eq!(seen.calls, ["move", "load", "move"]);
        let new = seen.id().unwrap();
        world.request(&new, 200, |session| {
            assert_eq!(session.keys(), ["base", "k", "n", "slow"]);
            assert_eq!(session.get::<u32>("n").unwrap(), Some(2));
            assert_eq!(session.owner().as_deref(), Some("ada"));
        });
        assert_eq!(world.rows(), 1);
    }
}

#[test]
fn a_session_that_was_ended_meanwhile_moves_nowhere() {
    // Refuses when gone, act, fails.
    type Row = (bool, fn(&Session), bool);
    let rows: &[Row] = &[
        (false, cycle, false),
        (false, reauthenticate, false),
        (true, cycle, true),
        // A sign-in is never dropped silently.
        (false, sign_in, true),
        (true, sign_in, true),
    ];
    for (row, (refuses, act, fails)) in rows.iter().enumerate() {
        // A logout, and another request that moves it.
        for end in [
            |session: &Session| session.destroy().unwrap(),
            cycle as fn(&Session),
        ] {
            let world = World::new(|policy| match refuses {
                true => plain(policy).refuse_when_gone(),
                false => plain(policy),
            });
            let old = signed_in(&world);
            let slow = world.open(&old);
            act(slow.session());
            write(slow.session());
            world.request(&old, 200, end);
            let rows = world.rows();
            let ended = slow
                .finish(200, world.now())
                .and_then(|step| world.try_drive(step));
            assert_eq!(world.rows(), rows, "row {row}");
            let reply = match ended {
                Ok(reply) => {
                    assert!(!fails, "row {row}");
                    assert!(reply.is_gone(), "row {row}");
                    reply
                }
                Err(error) => {
                    assert!(*fails, "row {row}: {error}");
                    assert!(matches!(error.error(), SessionError::Gone), "{error}");
                    error.reply().clone()
                }
            };
            assert_eq!(reply.set_cookie(), None, "row {row}");
        }
    }
}

#[test]
fn a_session_that_somebody_has_signed_in_to_under_its_key_is_another() {
    // Another program's login may leave the key as it is. Act, fails.
    type Row = (fn(&Session), bool);
    let rows: [Row; 4] = [
        (write, false),
        (cycle, false),
        (reauthenticate, false),
        (sign_in, true),
    ];
    for (row, (act, fails)) in rows.into_iter().enumerate() {
        let world = World::new(plain);
        let old = signed_in(&world);
        let slow = world.open(&old);
        act(slow.session());
        let mut bobs = world.record(&old).unwrap();
        bobs.owner = Some("bob".into());
        bobs.revision = Revision::from_i64(7);
        world.put(&old, bobs.clone());
        world.advance(Duration::from_secs(1));
        let ended = slow
            .finish(200, world.now())
            .and_then(|step| world.try_drive(step));
        assert_eq!(ended.is_err(), fails, "row {row}");
        let reply = ended.unwrap_or_else(|error| error.reply().clone());
        assert!(reply.is_gone() && reply.set_cookie().is_none(), "row {row}");
        assert_eq!(world.record(&old), Some(bobs), "row {row}");
        assert_eq!(world.rows(), 1, "row {row}");
    }
}

#[test]
fn a_new_id_keeps_values_that_cannot_be_read() {
    let world = World::new(plain);
    let old = signed_in(&world);
    let mut record = world.record(&old).unwrap();
    record.data = "not JSON".into();
    world.put(&old, record);
    let new = world.request(&old, 200, cycle).id().unwrap();
    assert_eq!(&*world.record(&new).unwrap().data, "not JSON");
}

#[test]
fn a_move_whose_answer_was_lost_is_found_again() {
    for act in [cycle, reauthenticate, sign_in] {
        // Which of two saves is applied; the answer to neither arrives.
        for (applied, calls) in [
            (None, "move"),
            (Some(0), "move load load"),
            (Some(1), "move load load load"),
        ] {
            let world = World::new(plain);
            let old = signed_in(&world);
            let opened = world.open(&old);
            act(opened.session());
            opened
                .session()
                .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
                .unwrap();
            for save in 0..2 {
                let Step::Write(write) = opened.commit(world.now()).unwrap() else {
                    panic!("a new id is written");
                };
                if applied == Some(save) {
                    world.write(write.command());
                }
                write.answer(Err(outage()), world.now()).unwrap_err();
            }
            world.calls.lock().unwrap().clear();
            let seen = world.finish(opened, 200);
            assert_eq!(seen.calls.join(" "), calls);
            assert_eq!((seen.effect(&old), world.rows()), ("new", 1));
            world.request(&seen.id().unwrap(), 200, |session| {
                assert_eq!(session.owner().as_deref(), Some("ada"));
                assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
            });
        }
    }
}

#[test]
fn a_move_whose_answer_was_lost_leaves_no_session_behind_a_logout() {
    let world = World::new(plain);
    let old = signed_in(&world);
    let opened = world.open(&old);
    cycle(opened.session());
    let Step::Write(write) = opened.commit(world.now()).unwrap() else {
        panic!("a cycle is written");
    };
    world.write(write.command());
    let failed: Result<Step, CommitError> = write.answer(Err(outage()), world.now());
    assert!(matches!(
        failed.unwrap_err().error(),
        SessionError::Store(_)
    ));
    assert_eq!(world.rows(), 1);
    opened.session().destroy().unwrap();
    world.finish(opened, 200);
    assert_eq!(world.rows(), 0);
}
