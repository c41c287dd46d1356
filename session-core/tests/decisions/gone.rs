//! What becomes of a request whose session was ended while it ran: silent, or refused.

use session_core::{Command, Outcome, Session, SessionError, Step};
use std::time::Duration;

use crate::request::{
    Act, clear, cycle, destroy, lifetime, nothing, remove, rewrite, sign_in, update, write,
};
use crate::util::World;

const SILENT: u16 = 200;
const REFUSED: u16 = 409;

/// The status of a request whose session is ended before it commits.
fn outcome(refuses: bool, status: u16, act: Act) -> u16 {
    let world = World::new(|policy| {
        let policy = policy.touch_every(Duration::ZERO);
        if refuses {
            policy.refuse_when_gone()
        } else {
            policy
        }
    });
    let owned = world.request("", 200, |session| {
        session.insert("base", 1).unwrap();
        sign_in(session);
    });
    let cookie = owned.id().unwrap();
    world.advance(Duration::from_mins(1));
    let opened = world.open(&cookie);
    act(opened.session());
    world.request(&cookie, 200, destroy);
    let finished = opened.finish(status, world.now());
    let (status, reply) = match finished.and_then(|step| world.try_drive(step)) {
        Ok(reply) => (SILENT, reply),
        Err(failed) => {
            assert!(matches!(failed.error(), SessionError::Gone));
            let (error, reply) = failed.into_parts();
            (error.status(), reply)
        }
    };
    assert!(reply.is_opened());
    assert_eq!(world.rows(), 0, "nothing comes back");
    let is_removal = |cookie: &str| cookie.contains("Max-Age=0");
    assert!(reply.set_cookie().is_none_or(is_removal));
    status
}

#[test]
fn a_dropped_write_is_silent_or_refused_as_the_policy_says_and_a_sign_in_is_refused() {
    let reauthenticate: Act = |session: &Session| session.reauthenticate().unwrap();
    // what the request does and its status, and its answer by default and with `refuse_when_gone`.
    #[rustfmt::skip]
    let rows: [(&str, Act, u16, [u16; 2]); 16] = [
        ("nothing", nothing, 200, [SILENT, SILENT]),
        ("an equal value", rewrite, 200, [SILENT, SILENT]),
        ("write", write, 200, [SILENT, REFUSED]),
        ("write, 404", write, 404, [SILENT, REFUSED]),
        ("write, 500", write, 500, [SILENT, SILENT]),
        ("update", update, 200, [SILENT, REFUSED]),
        ("remove", remove, 200, [SILENT, REFUSED]),
        ("clear", clear, 200, [SILENT, REFUSED]),
        ("cycle", cycle, 200, [SILENT, REFUSED]),
        ("lifetime", lifetime, 200, [SILENT, REFUSED]),
        ("reauthenticate", reauthenticate, 200, [SILENT, REFUSED]),
        ("destroy", destroy, 200, [SILENT, SILENT]),
        ("write, destroy", |s| { write(s); destroy(s); }, 200, [SILENT, SILENT]),
        ("sign in", sign_in, 200, [REFUSED, REFUSED]),
        ("another signs in", |s| s.sign_in("bob").unwrap(), 200, [REFUSED, REFUSED]),
        ("sign in, 500", sign_in, 500, [SILENT, SILENT]),
    ];
    for (name, act, status, [silent, refused]) in rows {
        assert_eq!(outcome(false, status, act), silent, "{name}, by default");
        assert_eq!(outcome(true, status, act), refused, "{name}, refused");
    }
}

#[test]
fn a_handler_that_was_told_by_a_save_answers_itself() {
    let world = World::new(session_core::PolicyBuilder::refuse_when_gone);
    assert!(world.policy.refuses_when_gone());
    let cookie = world.begin();
    let opened = world.open(&cookie);
    write(&opened);
    world.request(&cookie, 200, destroy);
    let step = opened.commit(world.now()).unwrap();
    let told = world.try_drive(step).unwrap_err();
    assert!(matches!(told.error(), SessionError::Gone));
    let reply = world.finish(opened, 303).reply;
    assert!(reply.is_gone() && reply.set_cookie().is_none());
}

#[test]
fn a_write_with_an_id_from_before_a_sign_in_is_dropped_without_an_error() {
    let world = World::new(session_core::PolicyBuilder::refuse_when_gone);
    let old = world.begin();
    world.request(&old, 200, sign_in);
    let seen = world.request(&old, 200, write);
    assert!(seen.reply.is_superseded());
}

#[test]
fn upkeep_of_a_session_that_has_ended_refuses_nothing() {
    let world = World::new(session_core::PolicyBuilder::refuse_when_gone);
    let old = world.begin();
    let new = world.request(&old, 200, cycle).id().unwrap();
    // The new secret is presented, which is a write of ours.
    let opened = world.open(&new);
    world.request(&new, 200, destroy);
    let seen = world.finish(opened, 200);
    assert!(seen.calls.ends_with(&["load"]), "{:?}", seen.calls);
    assert!(seen.reply.set_cookie().is_none());
}

#[test]
fn a_sign_in_that_took_the_store_longer_than_the_session_lives_is_refused() {
    for has_session in [false, true] {
        let world = World::new(|policy| policy.idle(Duration::from_mins(30)));
        let cookie = if has_session {
            world.begin()
        } else {
            String::new()
        };
        let opened = world.open(&cookie);
        sign_in(&opened);
        let mut step = opened.finish(200, world.now()).unwrap();
        let failed = loop {
            let Step::Write(write) = step else {
                panic!("the sign-in was dropped without a word");
            };
            let is_new = matches!(write.command(), Command::Insert { .. });
            if is_new {
                world.write(write.command());
                world.advance(Duration::from_hours(1));
            }
            let answer = if is_new {
                Ok(Outcome::Applied)
            } else {
                Ok(Outcome::Refused)
            };
            match write.answer(answer, world.now()) {
                Ok(Step::Load(load)) => match load.answer(Ok(None), world.now()) {
                    Ok(next) => step = next,
                    Err(failed) => break failed,
                },
                Ok(next) => step = next,
                Err(failed) => break failed,
            }
        };
        assert_eq!(failed.error().status(), 409);
        assert!(failed.reply().set_cookie().is_none());
    }
}
