//! Which ids are given, found and kept from sight.

use std::collections::HashSet;

use session_core::{Command, Exchange, Outcome, SessionError, Step};

use crate::request::{Sends, UNKNOWN, cycle, present, rewrite, sign_in, write};
use crate::util::{World, id_of, key_of};

#[test]
fn the_device_handle_outlives_a_cycle_but_not_a_sign_in() {
    let world = World::new(|policy| policy);
    let first = world.begin();
    let second = world.request(&first, 200, cycle).id().unwrap();
    assert_ne!(first, second);
    assert_eq!(key_of(&first), key_of(&second));
    let third = world.request(&second, 200, sign_in).id().unwrap();
    assert_ne!(key_of(&second), key_of(&third));
}

#[test]
fn of_several_cookies_the_live_one_is_found_and_none_is_merged() {
    let world = World::new(|policy| policy);
    let live = world.begin();
    let name = world.policy.cookie_name();
    for pair in [
        format!("{UNKNOWN}; {name}={live}"),
        format!("{live}; {name}={UNKNOWN}"),
    ] {
        let seen = world.request(&pair, 200, |session| assert!(session.exists()));
        assert!(seen.calls.len() <= 2);
    }
}

/// A cookie header's value with this many unknown ids of the cookie's name.
fn unknown(world: &World, count: usize) -> String {
    let name = world.policy.cookie_name();
    let ids = (0..count).map(|number| format!("{number}{}", &UNKNOWN[1..]));
    ids.collect::<Vec<_>>().join(&format!("; {name}="))
}

#[test]
fn a_request_with_more_ids_than_are_looked_for_begins_a_session_only_by_a_sign_in() {
    let world = World::new(|policy| policy);
    let begins = |ids: usize, act: fn(&session_core::Session)| {
        let before = world.rows();
        let seen = world.request(&unknown(&world, ids), 200, act);
        assert_eq!(seen.reply.is_superseded(), world.rows() == before);
        assert_eq!(seen.id().is_some(), world.rows() > before);
        world.rows() > before
    };
    for (ids, may_write) in [(1, true), (4, true), (5, false), (60, false)] {
        assert_eq!(begins(ids, write), may_write, "{ids}");
        assert!(begins(ids, sign_in), "{ids}");
    }
    // A session among the first four counts, whatever follows it.
    let name = world.policy.cookie_name();
    let live = world.begin();
    let crowd = format!(
        "{}; {name}={live}; {name}={}",
        unknown(&world, 3),
        unknown(&world, 60)
    );
    let before = world.rows();
    let seen = world.request(&crowd, 200, write);
    assert!(!seen.reply.is_superseded() && world.rows() == before);
}

#[test]
fn an_id_that_is_taken_is_drawn_again_and_overwrites_nothing() {
    let world = World::new(|policy| policy);
    let session = world.open("");
    write(&session);
    let Step::Write(first) = session.finish(200, world.now()).unwrap() else {
        panic!("a write was due");
    };
    let next = first.answer(Ok(Outcome::Refused), world.now()).unwrap();
    let reply = world.drive(next);
    assert!(reply.set_cookie().is_some());
    assert_eq!(world.rows(), 1);
}

#[test]
fn a_store_that_takes_no_new_session_is_an_error_and_no_endless_loop() {
    let world = World::new(|policy| policy);
    let session = world.open("");
    write(&session);
    let mut ids = HashSet::new();
    let mut step = session.finish(200, world.now());
    while let Ok(next) = step {
        let Step::Write(write) = next else {
            panic!("there is a session to create");
        };
        let Command::Insert { key, .. } = write.command() else {
            panic!("it was never created");
        };
        assert!(ids.insert(*key), "each try draws another id");
        step = write.answer(Ok(Outcome::Refused), world.now());
    }
    let error = step.unwrap_err();
    assert!(
        matches!(error.error(), SessionError::Contended { attempts: 500 }),
        "{error}"
    );
    assert_eq!((ids.len(), world.rows()), (500, 0));
}

#[test]
fn an_exchange_that_the_store_has_not_answered_says_only_that_it_depends_on_the_cookie() {
    let world = World::new(|policy| policy);
    let header = format!("__Host-session={}", world.begin());
    let exchange = Exchange::open(&world.policy, [header.as_bytes()]);
    assert!(!format!("{exchange:?}").contains(&header[15..]));
    for status in [200, 503] {
        let exchange = Exchange::open(&world.policy, [header.as_bytes()]);
        let Step::Done(reply) = exchange.finish(status, world.now()).unwrap() else {
            panic!("there is nothing to do");
        };
        assert!(reply.is_opened() && reply.set_cookie().is_none());
    }
}

#[test]
fn debug_shows_neither_ids_nor_values() {
    let world = World::new(|policy| policy);
    let cookie = present(&world, Sends::SignedIn);
    let session = world.open(&cookie);
    session.insert("password", "hunter2").unwrap();
    session.cycle().unwrap();
    let record = format!("{:?} {:?}", world.record(&cookie), world.policy);
    let before = format!("{session:?}");
    let step = session.finish(200, world.now()).unwrap();
    let committing = format!("{step:?}");
    world.request(&cookie, 200, rewrite);
    let Step::Write(write) = step else {
        panic!("there is something to write");
    };
    let step = write.answer(Ok(Outcome::Refused), world.now()).unwrap();
    let asking = format!("{step:?}");
    assert_eq!(asking, "Load(Load)");
    let reply = world.drive(step);
    let shown = format!("{record} {before} {committing} {asking} {reply:?}");
    for secret in [
        cookie,
        id_of(&reply).unwrap(),
        "hunter2".into(),
        "ada".into(),
    ] {
        assert!(!shown.contains(&secret), "{secret} in {shown}");
    }
}

#[test]
fn a_logout_ends_the_session_behind_63_other_ids_and_any_number_of_repetitions() {
    let planted = |number: usize| format!("{number:04}{}", "A".repeat(44));
    for (others, ends) in [(3, true), (4, true), (62, true), (63, true), (64, false)] {
        for is_loaded in [false, true] {
            let world = World::new(|policy| policy);
            let cookie = world.begin();
            let name = world.policy.cookie_name();
            let pair = |id: &str| format!("{name}={id}; ").repeat(3);
            let before: String = (1..=others).map(|number| pair(&planted(number))).collect();
            let header = format!("{before}{}", pair(&cookie));
            let mut exchange = Exchange::open(&world.policy, [header.as_bytes()]);
            if is_loaded {
                while let Exchange::Unread(question) = exchange {
                    let found = world.load(question.key());
                    exchange = question.answer(found, world.now());
                }
            }
            let seen = world.finish(exchange.destroy(), 204);
            assert_eq!(seen.effect(&cookie), "remove", "{others}, {is_loaded}");
            assert_eq!(world.rows() == 0, ends, "{others}, {is_loaded}");
        }
    }
}
