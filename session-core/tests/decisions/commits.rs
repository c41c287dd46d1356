//! Commits: early, repeated, refused, or without an answer.

use session_core::{Outcome, Step};

use crate::request::{Act, cycle, update, write};
use crate::util::{World, id_of};

#[test]
fn an_early_save_is_kept_and_the_cookie_travels_with_the_response() {
    let world = World::new(|policy| policy);
    let seen = world.request_with("", 500, |session| {
        session.insert("early", 1).unwrap();
        let saved = world.save(session);
        assert!(!saved.is_gone());
        assert!(session.exists());
        assert!(!session.is_modified());
        session.insert("late", 1).unwrap();
    });
    assert_eq!(seen.calls, ["insert"]);
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(&*record.data, r#"{"early":1}"#);
}

#[test]
fn a_save_then_more_writes_then_the_end_is_two_writes_of_one_session() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let seen = world.request_with(&cookie, 200, |session| {
        update(session);
        session.cycle().unwrap();
        let _ = world.save(session);
        update(session);
        session.insert("late", 1).unwrap();
    });
    assert_eq!(seen.calls, ["load", "replace", "replace"]);
    let record = world.record(&seen.id().unwrap()).unwrap();
    assert_eq!(&*record.data, r#"{"base":1,"n":2,"late":1}"#);
    assert_eq!(world.rows(), 1);
}

#[test]
fn what_an_early_save_has_written_is_not_written_again() {
    let world = World::new(|policy| policy);
    for (cookie, calls) in [
        (world.begin(), &["load", "replace"][..]),
        (String::new(), &["insert"]),
    ] {
        let seen = world.request_with(&cookie, 200, |session| {
            write(session);
            assert!(!world.save(session).is_gone());
        });
        assert_eq!(seen.calls, calls);
    }
}

#[test]
fn a_save_without_changes_asks_for_nothing_and_leaves_the_session_open() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let session = world.open(&cookie);
    let Step::Done(reply) = session.commit(world.now()).unwrap() else {
        panic!("there is nothing to write");
    };
    assert!(reply.set_cookie().is_none() && !reply.is_gone());
    session.insert("k", 1).unwrap();
    drop(world.save(&session));
    assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"base":1,"k":1}"#);
}

#[test]
fn a_write_whose_answer_was_lost_is_not_replayed() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    world.request_with(&cookie, 200, |session| {
        update(session);
        // The store applies the command, and the answer never arrives.
        let Step::Write(lost) = session.commit(world.now()).unwrap() else {
            panic!("a write was due");
        };
        world.write(lost.command());
        drop(lost);
        update(session);
    });
    assert_eq!(&*world.record(&cookie).unwrap().data, r#"{"base":1,"n":2}"#);
}

#[test]
fn a_write_that_was_sent_twice_is_found_to_be_applied() {
    for act in [write, cycle] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let opened = world.open(&cookie);
        let session = opened.session().clone();
        act(&session);
        let Step::Write(write) = opened.finish(200, world.now()).unwrap() else {
            panic!("there is something to write");
        };
        // The first answer was lost on the way, and a client of the store repeated the command.
        assert_eq!(world.write(write.command()), Outcome::Applied);
        assert_eq!(world.write(write.command()), Outcome::Refused);
        let Step::Load(load) = write.answer(Ok(Outcome::Refused), world.now()).unwrap() else {
            panic!("somebody may have been faster");
        };
        world.calls.lock().unwrap().clear();
        let reply = world.drive(Step::Load(load));
        assert_eq!(
            *world.calls.lock().unwrap(),
            ["load"],
            "nothing is written again"
        );
        assert!(!reply.is_gone() && !session.is_modified());
        let cookie = id_of(&reply).unwrap_or(cookie);
        assert!(
            world
                .request(&cookie, 200, |_| {})
                .calls
                .starts_with(&["load"])
        );
        assert!(world.record(&cookie).is_some());
    }
}

#[test]
fn a_store_that_refuses_everything_is_an_error_and_no_endless_loop() {
    let world = World::new(|policy| policy);
    let cookie = world.begin();
    let session = world.open(&cookie);
    write(&session);
    let mut step = session.finish(200, world.now());
    let error = loop {
        step = match step.unwrap() {
            Step::Load(load) => {
                let found = world.load(load.key());
                load.answer(Ok(found), world.now())
            }
            Step::Write(write) => write.answer(Ok(Outcome::Refused), world.now()),
            Step::Done(_) | Step::List(_) => panic!("nothing was written"),
        };
        if let Err(error) = step {
            break error;
        }
    };
    assert!(error.to_string().contains("500 attempts"), "{error}");
}

#[test]
fn guards_that_are_not_all_done_drop_what_a_good_status_would_commit() {
    let acts: [(Act, bool); 5] = [
        (|session| session.all_or_nothing().done(), true),
        (|session| drop(session.all_or_nothing()), false),
        (
            |session| {
                let [outer, inner] = [session.all_or_nothing(), session.all_or_nothing()];
                inner.done();
                drop(outer);
            },
            false,
        ),
        (
            |session| {
                let [outer, inner] = [session.all_or_nothing(), session.all_or_nothing()];
                drop(inner);
                outer.done();
            },
            false,
        ),
        (
            |session| {
                let [outer, inner] = [session.all_or_nothing(), session.all_or_nothing()];
                outer.done();
                inner.done();
            },
            true,
        ),
    ];
    for (place, (act, is_done)) in acts.into_iter().enumerate() {
        for (status, commits) in [
            (200, true),
            (409, true),
            (498, true),
            (408, false),
            (499, false),
            (500, false),
            (599, false),
            (999, false),
        ] {
            let world = World::new(|policy| policy);
            let session = world.open("");
            session.insert("k", 1).unwrap();
            act(session.session());
            let seen = world.finish(session, status);
            let expected = is_done && commits;
            assert_eq!(seen.id().is_some(), expected, "{place}, {status}");
            assert_eq!(world.rows() == 1, expected, "{place}, {status}");
            // A logout holds all the same.
            let cookie = world.begin();
            let rows = world.rows();
            let session = world.open(&cookie);
            act(session.session());
            session.destroy().unwrap();
            assert_eq!(world.finish(session, status).effect(&cookie), "remove");
            assert_eq!(world.rows(), rows - 1, "{place}, {status}");
        }
    }
}
