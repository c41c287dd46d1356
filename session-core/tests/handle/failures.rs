//! Stores that fail: which cookie goes out, what is left, and what fails with it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use pollster::block_on;
use session_core::{ManualClock, Session, SessionError, Sessions, Step};

use crate::request::{begin, finish, load, open, read, start, start_at};
use crate::util::{START, World, id_of, outage};

#[test]
fn a_write_after_a_load_that_failed_keeps_what_is_stored() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    shelf.is_down.store(true, Relaxed);
    assert!(block_on(request.handle().load()).is_err());
    shelf.is_down.store(false, Relaxed);
    // A handler that goes on all the same.
    load(request.handle()).insert("late", 1).unwrap();
    assert!(finish(&request, 200).unwrap().set_cookie().is_none());
    assert_eq!(read(&sessions, &cookie).keys(), ["n", "late"]);

    // One that gives up, and answers as if all was well.
    let request = open(&sessions, &cookie);
    shelf.is_down.store(true, Relaxed);
    assert!(block_on(request.handle().load()).is_err());
    shelf.is_down.store(false, Relaxed);
    shelf.take_calls();
    assert!(finish(&request, 200).unwrap().set_cookie().is_none());
    assert_eq!(shelf.take_calls(), "");
    assert_eq!(read(&sessions, &cookie).keys(), ["n", "late"]);
}

#[test]
fn an_outage_is_an_error_and_over_when_the_store_is_back() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    shelf.is_down.store(true, Relaxed);
    let request = open(&sessions, &cookie);
    assert!(matches!(
        block_on(request.handle().load()),
        Err(SessionError::Store(_))
    ));
    shelf.is_down.store(false, Relaxed);
    let session = load(request.handle());
    assert!(session.exists());
    session.insert("k", 1).unwrap();
    shelf.is_down.store(true, Relaxed);
    let failed = finish(&request, 200).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Store(_)));
    assert_eq!(failed.to_string(), "session store unavailable");
    assert!(failed.reply().is_opened() && failed.reply().set_cookie().is_none());
}

type Act = fn(&Session);

/// What an early save stores with a new id.
fn acts_with_a_new_id() -> [(&'static str, bool, Act); 5] {
    [
        ("new", false, |session| session.insert("k", 1).unwrap()),
        ("new and signed in", false, |session| {
            session.sign_in("ada").unwrap();
            session.insert("k", 1).unwrap();
        }),
        ("sign in", true, |session| {
            session.sign_in("ada").unwrap();
            session.insert("k", 1).unwrap();
        }),
        ("cycle", true, |session| {
            session.cycle().unwrap();
            session.insert("k", 1).unwrap();
        }),
        ("logout and new", true, |session| {
            session.destroy().unwrap();
            session.insert("k", 1).unwrap();
        }),
    ]
}

#[test]
fn a_response_whose_last_write_fails_has_the_cookie_of_what_was_saved() {
    for (what, is_stored, act) in acts_with_a_new_id() {
        let (sessions, shelf) = start();
        let cookie = if is_stored {
            begin(&sessions)
        } else {
            String::new()
        };
        let request = open(&sessions, &cookie);
        let session = load(request.handle());
        act(&session);
        block_on(session.save()).unwrap();
        session.insert("unsaved", 1).unwrap();
        shelf.is_down.store(true, Relaxed);
        let failed = finish(&request, 200).unwrap_err();
        assert!(failed.reply().is_opened(), "{what}");
        let (error, reply) = failed.into_parts();
        assert!(matches!(error, SessionError::Store(_)), "{what}");
        shelf.is_down.store(false, Relaxed);
        let id = id_of(&reply).unwrap_or_else(|| panic!("{what}: no cookie"));
        assert_ne!(id, cookie, "{what}");
        let session = read(&sessions, &id);
        assert_eq!(session.get("k").unwrap(), Some(1), "{what}");
        assert!(!session.contains("unsaved"), "{what}");
    }
}

#[test]
fn a_response_whose_last_load_fails_has_the_cookie_of_what_was_saved() {
    for (what, is_stored, act) in acts_with_a_new_id() {
        let world = World::new(|policy| policy);
        let cookie = if is_stored {
            world.begin()
        } else {
            String::new()
        };
        let opened = world.open(&cookie);
        act(&opened);
        let saved = id_of(&world.save(&opened)).unwrap();
        opened.insert("unsaved", 1).unwrap();
        // Another request is faster, so that the first try is refused.
        world.request(&saved, 200, |session| session.insert("other", 1).unwrap());
        let step = opened.finish(200, world.now()).unwrap();
        let step = world.step(step).unwrap();
        let Step::Load(load) = step else {
            panic!("{what}: {step:?}");
        };
        let failed = load.answer(Err(outage()), world.now()).unwrap_err();
        assert_eq!(failed.error().status(), 503, "{what}");
        assert_eq!(id_of(failed.reply()), Some(saved), "{what}");
    }
}

#[test]
fn a_response_whose_only_write_fails_has_no_cookie() {
    for loses_answer in [false, true] {
        for (what, is_stored, act) in acts_with_a_new_id() {
            let (sessions, shelf) = start();
            let cookie = if is_stored {
                begin(&sessions)
            } else {
                String::new()
            };
            let request = open(&sessions, &cookie);
            act(&load(request.handle()));
            shelf.is_down.store(!loses_answer, Relaxed);
            shelf.loses_answer.store(loses_answer, Relaxed);
            let failed = finish(&request, 200).unwrap_err();
            assert_eq!(failed.error().status(), 503, "{what}");
            assert_eq!(failed.reply().set_cookie(), None, "{what}");
        }
    }
}

#[test]
fn a_sign_in_that_fails_between_its_writes_leaves_the_browser_where_it_was() {
    for saves_again in [false, true] {
        let world = World::new(|policy| policy);
        let cookie = world.begin();
        let opened = world.open(&cookie);
        opened.sign_in("ada").unwrap();
        let Step::Write(insert) = opened.commit(world.now()).unwrap() else {
            panic!("a new session is begun");
        };
        let outcome = world.write(insert.command());
        let Step::Write(leave) = insert.answer(Ok(outcome), world.now()).unwrap() else {
            panic!("the old one is left");
        };
        let failed = leave.answer(Err(outage()), world.now()).unwrap_err();
        assert!(matches!(failed.error(), SessionError::Store(_)));
        assert_eq!(failed.reply().set_cookie(), None);
        let old = world.open(&cookie);
        assert!(old.contains("base") && old.owner().is_none());
        if saves_again {
            // One of the two that were begun is left.
            let id = id_of(&world.save(&opened)).unwrap();
            let owner = world.open(&id).owner();
            assert_eq!(owner.as_deref(), Some("ada"));
            let model = world.model.lock().unwrap();
            let signed_in = model.0.values().filter(|record| record.owner.is_some());
            assert_eq!(signed_in.count(), 1);
        }
    }
}

#[test]
fn upkeep_that_fails_does_not_fail_the_request() {
    type Prepare = fn(&Sessions, String) -> String;
    let same: Prepare = |_, cookie| cookie;
    let rotated: Prepare = |sessions, cookie| {
        let request = open(sessions, &cookie);
        load(request.handle()).cycle().unwrap();
        id_of(&finish(&request, 200).unwrap()).unwrap()
    };
    let over = Duration::from_hours(24 * 14) + Duration::from_mins(5);
    let kinds = [
        ("touch", same, Duration::from_hours(24 * 2), true),
        ("replace", rotated, Duration::from_secs(1), true),
        ("delete", same, over, false),
    ];
    for (call, prepare, wait, exists) in kinds {
        for status in [200, 500] {
            for saves_early in [false, true] {
                let case = format!("{call}, {status}, save: {saves_early}");
                let clock = Arc::new(ManualClock::new(START));
                let (sessions, shelf) = start_at(&clock);
                let cookie = prepare(&sessions, begin(&sessions));
                clock.advance(wait);
                shelf.take_calls();
                let request = open(&sessions, &cookie);
                let session = load(request.handle());
                assert_eq!(session.exists(), exists, "{case}");
                shelf.is_down.store(true, Relaxed);
                if saves_early {
                    block_on(session.save()).unwrap();
                }
                let reply = finish(&request, status).unwrap();
                assert!(reply.is_opened() && !reply.is_gone(), "{case}");
                assert_eq!(reply.set_cookie(), None, "{case}");
                let calls = shelf.take_calls();
                // The life is not extended by an error.
                let is_tried = (call, status) != ("touch", 500);
                let expected = if is_tried {
                    format!("load {call}")
                } else {
                    "load".into()
                };
                assert_eq!(calls, expected, "{case}");

                // It is made up for.
                shelf.is_down.store(false, Relaxed);
                let request = open(&sessions, &cookie);
                load(request.handle());
                drop(finish(&request, 200).unwrap());
                assert_eq!(shelf.take_calls(), format!("load {call}"), "{case}");
                let request = open(&sessions, &cookie);
                load(request.handle());
                drop(finish(&request, 200).unwrap());
                assert_eq!(shelf.take_calls(), "load", "{case}");
            }
        }
    }
}

#[test]
fn what_the_handler_has_changed_fails_with_the_upkeep_that_goes_with_it() {
    let clock = Arc::new(ManualClock::new(START));
    let (sessions, shelf) = start_at(&clock);
    let cookie = begin(&sessions);
    clock.advance(Duration::from_hours(24 * 2));
    let request = open(&sessions, &cookie);
    load(request.handle()).insert("n", 1).unwrap();
    shelf.is_down.store(true, Relaxed);
    let failed = finish(&request, 200).unwrap_err();
    assert_eq!(failed.error().status(), 503);
}
