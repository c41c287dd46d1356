//! A secret that is renewed by itself, when it is old enough.

use std::time::Duration;

use session_core::{Outcome, Session, Step};

use crate::request::{
    Act, GRACE, cycle, destroy, nothing, reauthenticate, sign_in, signed_in, write,
};
use crate::util::{World, key_of, outage};

const AGE: Duration = Duration::from_hours(1);

/// A world in which secrets are renewed, and a session whose secret is due.
fn due() -> (World, String) {
    let world = World::new(|policy| policy.rotate_every(AGE));
    let id = signed_in(&world);
    world.advance(AGE);
    (world, id)
}

#[test]
fn the_first_request_that_is_not_an_error_renews_an_old_secret() {
    // Age, act, status: calls, cookie.
    type Row = (Duration, Act, u16, &'static str, &'static str);
    let young = Duration::from_micros(3_599_999_999);
    #[rustfmt::skip]
    let rows: &[Row] = &[
        (young, nothing, 200, "load", "-"),
        (young, write, 200, "load replace", "-"),
        (AGE, nothing, 200, "load replace", "new"),
        (AGE, write, 200, "load replace", "new"),
        (AGE, nothing, 304, "load replace", "new"),
        (AGE, nothing, 404, "load replace", "new"),
        (AGE, write, 404, "load replace", "new"),
        // A handler that was cut off, or that failed, renews nothing.
        (AGE, nothing, 408, "load", "-"),
        (AGE, nothing, 499, "load", "-"),
        (AGE, nothing, 500, "load", "-"),
        (AGE, write, 503, "load", "-"),
        // One rotation is enough.
        (AGE, cycle, 200, "load replace", "new"),
        (AGE, reauthenticate, 200, "load replace", "new"),
        (AGE, sign_in, 200, "load insert replace", "new"),
        (AGE, destroy, 200, "load delete", "remove"),
    ];
    for (row, (age, act, status, calls, effect)) in rows.iter().enumerate() {
        // A life that is extended by the way would be another call.
        let world = World::new(|policy| policy.rotate_every(AGE).touch_never());
        let begun = world.request("", 200, |session| session.sign_in("ada").unwrap());
        let id = begun.id().unwrap();
        world.advance(*age);
        let seen = world.request(&id, *status, act);
        assert_eq!(seen.calls.join(" "), *calls, "{row}");
        assert_eq!(seen.effect(&id), *effect, "{row}");
    }
}

#[test]
fn a_renewal_keeps_the_session_its_handle_and_its_absolute_limit() {
    let world = World::new(|policy| policy.rotate_every(AGE).absolute(AGE * 5));
    let first = signed_in(&world);
    let (mut id, mut renewals) = (first.clone(), 0);
    let begun = world.record(&id).unwrap();
    for _ in 0..4 {
        world.advance(AGE);
        let seen = world.request(&id, 200, |session| {
            assert_eq!(
                session.authenticated_at(),
                begun.authenticated.map(Into::into)
            );
        });
        id = seen.id().unwrap();
        renewals += 1;
        assert_eq!(key_of(&id), key_of(&first));
        assert_eq!(world.only_record().created, begun.created);
        assert!(world.only_record().expires <= begun.created + AGE * 5);
    }
    assert_eq!(renewals, 4);
    world.advance(AGE);
    world.request(&id, 200, |session| assert!(!session.exists()));
}

#[test]
fn three_requests_across_a_renewal_all_succeed_and_end_on_one_id() {
    for act in [nothing as Act, write] {
        let (world, old) = due();
        let opened: Vec<_> = (0..3).map(|_| world.open(&old)).collect();
        let mut ids = Vec::new();
        for opened in opened {
            act(opened.session());
            let seen = world.finish(opened, 200);
            assert!(!seen.reply.is_gone() && !seen.reply.is_superseded());
            ids.extend(seen.id());
        }
        let [new] = &ids[..] else {
            panic!("{} answers brought an id", ids.len());
        };
        // Both go on for the grace; then there is one.
        world.request(&old, 200, |session| assert!(session.exists()));
        world.request(new, 200, |session| assert!(session.exists()));
        world.advance(GRACE);
        world.request(&old, 200, |session| assert!(!session.exists()));
        world.request(new, 200, |session| assert!(session.exists()));
        assert_eq!(world.rows(), 1);
    }
}

#[test]
fn a_renewal_whose_answer_is_lost_is_told_again() {
    let (world, old) = due();
    let lost = world.request(&old, 200, nothing).id().unwrap();
    world.advance(GRACE);
    let again = world.request(&old, 200, |session| assert!(session.exists()));
    assert_eq!(again.id(), Some(lost));
}

#[test]
fn within_a_grace_and_by_a_remembered_secret_nothing_is_renewed() {
    let short = Duration::from_secs(2);
    let world = World::new(|policy| policy.rotate_every(short));
    let old = signed_in(&world);
    let new = world.request(&old, 200, nothing).id().unwrap();
    // Presented, and old again, but its predecessor is in use.
    world.request(&new, 200, nothing);
    world.advance(short * 2);
    for id in [&old, &new] {
        assert!(world.request(id, 200, write).id().is_none());
    }
    world.advance(GRACE);
    assert!(world.request(&old, 200, nothing).id().is_none());
    assert!(world.request(&new, 200, nothing).id().is_some());
}

#[test]
fn a_clock_that_is_set_back_renews_nothing() {
    let (world, old) = due();
    let new = world.request(&old, 200, nothing).id().unwrap();
    world.set_back(AGE * 2);
    assert!(world.request(&new, 200, nothing).id().is_none());
}

#[test]
fn an_early_save_leaves_the_renewal_to_the_response() {
    for (status, renews) in [(200, true), (500, false)] {
        let (world, old) = due();
        let seen = world.request_with(&old, status, |opened| {
            write(opened.session());
            assert!(world.save(opened).set_cookie().is_none());
        });
        assert_eq!(seen.id().is_some(), renews, "{status}");
    }
}

/// The first step of a request that has done this.
fn first_step(world: &World, id: &str, act: Act) -> Step {
    let opened = world.open(id);
    act(opened.session());
    opened.finish(200, world.now()).unwrap()
}

#[test]
fn a_renewal_that_is_refused_is_dropped_and_what_was_written_beside_it_is_not() {
    for (act, calls) in [(nothing as Act, ""), (write, "load replace")] {
        let (world, old) = due();
        let Step::Write(write) = first_step(&world, &old, act) else {
            panic!("it is due");
        };
        // Another request is faster.
        let other = world.request(&old, 200, |session: &Session| {
            session.insert("o", 1).unwrap();
        });
        world.calls.lock().unwrap().clear();
        let step = write.answer(Ok(Outcome::Refused), world.now()).unwrap();
        let reply = world.drive(step);
        assert!(reply.set_cookie().is_none() && !reply.is_gone());
        assert_eq!(world.calls.lock().unwrap().join(" "), calls);
        let new = other.id().unwrap();
        world.request(&new, 200, |session| {
            assert_eq!(session.contains("k"), !calls.is_empty());
            assert!(session.contains("o"));
        });
    }
}

#[test]
fn a_renewal_that_fails_fails_no_response_and_the_next_request_renews() {
    let (world, old) = due();
    let Step::Write(write) = first_step(&world, &old, nothing) else {
        panic!("it is due");
    };
    let Ok(Step::Done(reply)) = write.answer(Err(outage()), world.now()) else {
        panic!("the response is right without it");
    };
    assert!(reply.set_cookie().is_none());
    assert!(world.request(&old, 200, nothing).id().is_some());
}

#[test]
fn a_renewal_is_a_presentation_too_and_that_is_tried_again() {
    let (world, old) = due();
    let new = world.request(&old, 200, nothing).id().unwrap();
    // It is presented for the first time when it is old itself.
    world.advance(AGE);
    let Step::Write(write) = first_step(&world, &new, nothing) else {
        panic!("it is due");
    };
    // A late request by the old secret writes first.
    world.request(&old, 200, crate::request::write);
    let step = write.answer(Ok(Outcome::Refused), world.now()).unwrap();
    let reply = world.drive(step);
    assert!(
        reply.set_cookie().is_none(),
        "it is renewed by the next request"
    );
    world.advance(GRACE);
    world.request(&old, 200, |session| assert!(!session.exists()));
    assert!(world.request(&new, 200, nothing).id().is_some());
}
