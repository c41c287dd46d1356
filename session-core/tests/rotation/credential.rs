//! A credential that has changed since the sign-in: who is ended, and who is not.

use session_core::{
    Command, Outcome, Session, SessionError, SignIn, Stamp, StampKey, Step, StoreError,
};

use crate::request::{cycle, destroy, nothing, reauthenticate, sign_in, write};
use crate::util::{World, outage};

fn stamp(version: u8) -> Stamp {
    StampKey::new(&[7; 32]).unwrap().stamp("ada", &[version])
}

/// Ada's session, whose sign-in took this version's stamp.
fn signed_in_with(world: &World, version: Option<u8>) -> String {
    let begun = world.request("", 200, |session| {
        session.insert("base", 1).unwrap();
        let ada = SignIn::of("ada");
        let ada = match version {
            Some(version) => ada.credential(stamp(version)),
            None => ada,
        };
        session.sign_in(ada).unwrap();
    });
    begun.id().unwrap()
}

#[test]
fn the_response_ends_a_session_whose_stamp_is_not_a_present_one() {
    // At the sign-in, accepted without, present ones, status, acts after the check: the check's answer, calls, cookie,
    // superseded, sessions that are left.
    type Act = fn(&Session);
    type Row = (
        (Option<u8>, bool, &'static [u8], u16, Act),
        (bool, &'static str, bool, bool, usize),
    );
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ((Some(1), false, &[1], 200, nothing), (true, "load", false, false, 1)),
        ((Some(1), false, &[2, 1], 200, nothing), (true, "load", false, false, 1)),
        ((Some(1), false, &[1, 2], 200, write), (true, "load replace", false, false, 1)),
        ((Some(1), false, &[2], 200, nothing), (false, "load replace", false, false, 0)),
        ((Some(1), false, &[2, 3], 200, nothing), (false, "load replace", false, false, 0)),
        ((Some(1), false, &[], 200, nothing), (false, "load replace", false, false, 0)),
        // Also where the response is an error.
        ((Some(1), false, &[2], 401, nothing), (false, "load replace", false, false, 0)),
        ((Some(1), false, &[2], 500, nothing), (false, "load replace", false, false, 0)),
        // Without a stamp, unless the policy accepts that.
        ((None, false, &[1], 200, nothing), (false, "load replace", false, false, 0)),
        ((None, true, &[1], 200, nothing), (true, "load", false, false, 1)),
        ((Some(1), true, &[2], 200, nothing), (false, "load replace", false, false, 0)),
        // Values begin no other session; a sign-in does.
        ((Some(1), false, &[2], 200, write), (false, "load replace", false, true, 0)),
        ((Some(1), false, &[2], 200, sign_in), (false, "load replace insert", true, false, 1)),
        // A logout ends it for good.
        ((Some(1), false, &[2], 200, destroy), (false, "load delete", true, false, 0)),
        ((Some(1), false, &[2], 500, destroy), (false, "load delete", true, false, 0)),
    ];
    for (number, ((version, accepts, present, status, act), expected)) in rows.iter().enumerate() {
        let world = World::new(|policy| match accepts {
            true => policy.accept_unstamped(),
            false => policy,
        });
        let id = signed_in_with(&world, *version);
        let present: Vec<_> = present.iter().copied().map(stamp).collect();
        let mut answer = false;
        let seen = world.request(&id, *status, |session| {
            answer = session.check_credential(&present);
            if !answer {
                assert!(!session.exists() && session.is_empty() && session.owner().is_none());
                assert!(!session.check_credential(&present), "row {number}");
            }
            act(session);
        });
        let found = (
            answer,
            &*seen.calls.join(" "),
            seen.reply.set_cookie().is_some(),
            seen.reply.is_superseded(),
            world.rows(),
        );
        assert_eq!(found, *expected, "row {number}");
    }
}

#[test]
fn nobody_has_no_credential_and_is_not_ended() {
    let world = World::new(|policy| policy);
    let anonymous = world.begin();
    for cookie in ["", &anonymous] {
        let seen = world.request(cookie, 200, |session| {
            assert!(!session.check_credential(&[stamp(1)]));
            assert_eq!(session.exists(), !cookie.is_empty());
        });
        assert!(!seen.calls.contains(&"replace"));
    }
    // Nor does the id from before a sign-in end what others still read.
    let old = signed_in_with(&world, Some(1));
    world.request(&old, 200, sign_in);
    let seen = world.request(&old, 200, |session| {
        assert!(!session.check_credential(&[stamp(2)]));
    });
    assert_eq!(seen.calls, ["load"]);
}

#[test]
fn a_session_that_got_the_present_stamp_meanwhile_stays() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let parallel = world.open(&id);
    let new = world.request(&id, 200, |session| {
        session.reauthenticate_with(stamp(2)).unwrap();
    });
    let new = new.id().unwrap();
    assert!(!parallel.check_credential(&[stamp(2)]));
    let seen = world.finish(parallel, 401);
    assert_eq!(seen.calls, ["replace", "load"]);
    assert_eq!((seen.reply.set_cookie(), world.rows()), (None, 1));
    world.request(&new, 200, |session| {
        assert!(session.check_credential(&[stamp(2)]) && session.contains("base"));
    });
}

#[test]
fn a_logout_ends_it_whatever_the_credential_or_is_an_outage() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let parallel = world.open(&id);
    world.request(&id, 200, |session| {
        session.reauthenticate_with(stamp(2)).unwrap();
    });
    assert!(!parallel.check_credential(&[stamp(2)]));
    parallel.destroy().unwrap();
    let seen = world.finish(parallel, 200);
    assert_eq!(
        (&*seen.calls.join(" "), seen.effect(&id)),
        ("delete", "remove")
    );
    assert_eq!(world.rows(), 0);

    let id = signed_in_with(&world, Some(1));
    let opened = world.open(&id);
    assert!(!opened.check_credential(&[stamp(2)]));
    opened.destroy().unwrap();
    assert!(opened.is_modified());
    let Step::Write(delete) = opened.finish(200, world.now()).unwrap() else {
        panic!("it is deleted");
    };
    let failed = delete.answer(Err(outage()), world.now()).unwrap_err();
    assert_eq!(failed.error().status(), 503);
    assert_eq!(failed.reply().set_cookie(), None);
}

#[test]
fn a_session_that_others_wrote_meanwhile_ends_all_the_same() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let checked = world.open(&id);
    assert!(!checked.check_credential(&[stamp(2)]));
    world.request(&id, 200, write);
    let seen = world.finish(checked, 401);
    assert_eq!(seen.calls, ["replace", "load", "replace"]);
    assert_eq!(world.rows(), 0);
    // Or ended.
    let id = signed_in_with(&world, Some(1));
    let checked = world.open(&id);
    assert!(!checked.check_credential(&[stamp(2)]));
    world.request(&id, 200, |session| session.destroy().unwrap());
    assert_eq!(world.finish(checked, 401).calls, ["replace", "load"]);
}

#[test]
fn a_login_that_crosses_a_change_of_the_password_is_over_at_its_next_request() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    world.request(&id, 200, |session| {
        assert!(!session.check_credential(&[stamp(2)]));
    });
    assert_eq!(world.rows(), 0);
    // In the request that signs in, its own stamp counts, not that of the session before.
    let id = signed_in_with(&world, Some(2));
    world.request(&id, 200, |session| {
        session
            .sign_in(SignIn::of("ada").credential(stamp(1)))
            .unwrap();
        assert!(!session.check_credential(&[stamp(2)]));
        assert!(
            session.check_credential(&[stamp(2)]),
            "the session before is right"
        );
        session
            .sign_in(SignIn::of("ada").credential(stamp(2)))
            .unwrap();
        assert!(session.check_credential(&[stamp(2)]));
    });
}

#[test]
fn the_stamp_stays_until_a_login_or_a_new_password_brings_another() {
    let world = World::new(|policy| policy);
    let mut id = signed_in_with(&world, Some(1));
    for act in [write, cycle, reauthenticate, nothing] {
        let seen = world.request(&id, 200, |session| {
            assert!(session.check_credential(&[stamp(1)]));
            act(session);
        });
        id = seen.id().unwrap_or(id);
        assert_eq!(world.record(&id).unwrap().owner.as_deref(), Some("ada"));
        assert!(world.record(&id).unwrap().credential.is_some());
    }
    let seen = world.request(&id, 200, |session| {
        session.reauthenticate_with(stamp(2)).unwrap();
        assert!(session.check_credential(&[stamp(2)]));
        reauthenticate(session);
    });
    id = seen.id().unwrap();
    let seen = world.request(&id, 200, |session| {
        assert!(session.check_credential(&[stamp(2)]));
        sign_in(session);
    });
    assert_eq!(world.record(&seen.id().unwrap()).unwrap().credential, None);
}

#[test]
fn a_store_that_fails_leaves_the_end_to_the_next_check() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let opened = world.open(&id);
    assert!(!opened.check_credential(&[stamp(2)]));
    let Step::Write(write) = opened.finish(200, world.now()).unwrap() else {
        panic!("it is ended");
    };
    let step = write.answer(Err(StoreError::new("gone")), world.now());
    let Step::Done(reply) = step.unwrap() else {
        panic!("nothing is left to do");
    };
    assert_eq!(reply.set_cookie(), None);
    assert_eq!(world.rows(), 1);
}

#[test]
fn a_store_that_refuses_the_end_each_time_stops_no_login() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let opened = world.open(&id);
    assert!(!opened.check_credential(&[stamp(2)]));
    opened.sign_in("bob").unwrap();
    let mut step = opened.finish(200, world.now()).unwrap();
    let reply = loop {
        step = match step {
            Step::Write(end) if matches!(end.command(), Command::Replace { .. }) => {
                let refused = end.answer(Ok(Outcome::Refused), world.now());
                refused.unwrap()
            }
            Step::Done(reply) => break reply,
            other => world.step(other).unwrap(),
        };
    };
    assert!(reply.set_cookie().is_some());
    assert_eq!(world.rows(), 2);
}

#[test]
fn a_save_leaves_the_end_to_the_response_and_ends_no_other() {
    let world = World::new(|policy| policy);
    let id = signed_in_with(&world, Some(1));
    let seen = world.request_with(&id, 200, |opened| {
        assert!(!opened.check_credential(&[stamp(2)]));
        opened.sign_in("bob").unwrap();
        drop(world.save(opened));
        assert_eq!(opened.owner().as_deref(), Some("bob"));
    });
    assert_eq!(seen.calls, ["load", "insert", "replace"]);
    assert_eq!(world.rows(), 1);
    world.request(&seen.id().unwrap(), 200, |session| {
        assert!(session.owner().is_some());
    });
}

#[test]
fn fresh_is_who_authenticated_within_the_time() {
    use std::time::Duration;
    let world = World::new(|policy| policy.clock_skew(Duration::from_secs(60)));
    let id = signed_in_with(&world, None);
    let within = Duration::from_secs(300);
    let at = |passed: i64| {
        let session = world.open(&id);
        let refused = session.require_authenticated_within(within);
        assert_eq!(
            session.authenticated_within(within),
            refused.is_ok(),
            "{passed}"
        );
        refused.is_ok()
    };
    assert!(at(0));
    world.advance(Duration::from_secs(300));
    assert!(at(300));
    world.advance(Duration::from_secs(1));
    assert!(!at(301));
    // A clock that is behind, by the skew and by more.
    world.set_back(Duration::from_secs(361));
    assert!(at(-60));
    world.set_back(Duration::from_secs(1));
    assert!(!at(-61));
    let stale = world
        .open(&id)
        .require_authenticated_within(within)
        .unwrap_err();
    assert!(matches!(stale, SessionError::NotFresh) && stale.status() == 403);
    let nobody = world
        .open("")
        .require_authenticated_within(within)
        .unwrap_err();
    assert_eq!(nobody.status(), 401);
}
