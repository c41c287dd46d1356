//! How a request ends, how its session does, and who cannot end it.

use std::sync::Arc;

use pollster::block_on;
use session_core::{Exchange, Finish, Handle, Policy, RequestSession, Session, SessionError};

use crate::request::{
    all_is_finished, begin, finish, is_finished, load, log_out, open, read, start,
};
use crate::util::id_of;

#[test]
fn what_was_finished_or_abandoned_is_finished_for_everybody() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    for is_abandoned in [false, true] {
        let request = open(&sessions, &cookie);
        let (handle, session) = (request.handle().clone(), load(request.handle()));
        if is_abandoned {
            session.insert("lost", 1).unwrap();
            request.abandon();
            shelf.take_calls();
        } else {
            drop(finish(&request, 200).unwrap());
        }
        assert!(all_is_finished(&handle, &session));
        // A response that goes out after a panic depends on the cookie too.
        assert_eq!(finish(&request, 500).unwrap().is_opened(), is_abandoned);
        assert!(!finish(&request, 200).unwrap().is_opened());
    }
    assert_eq!(shelf.take_calls(), "");
    assert!(!read(&sessions, &cookie).contains("lost"));
}

#[test]
fn a_session_that_was_found_gone_is_finished_by_its_response_like_any_other() {
    for saves_early in [false, true] {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let slow = open(&sessions, &cookie);
        let session = load(slow.handle());
        session.insert("late", 1).unwrap();
        log_out(&sessions, &cookie);
        if saves_early {
            assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
        }
        assert!(finish(&slow, 200).unwrap().is_gone());
        shelf.take_calls();
        assert!(all_is_finished(slow.handle(), &session));
        assert_eq!(shelf.take_calls(), "");
    }
}

#[test]
fn what_is_driven_by_hand_is_finished_by_its_response_too() {
    for is_abandoned in [false, true] {
        let policy = Arc::new(Policy::default());
        let Exchange::Open(opened) = Exchange::open(&policy, []) else {
            panic!("nobody presented an id");
        };
        let session = opened.session().clone();
        session.insert("k", 1).unwrap();
        if is_abandoned {
            let reply = Exchange::Open(opened).abandon(policy.now());
            assert!(reply.is_opened() && reply.set_cookie().is_none());
        } else {
            drop(opened.finish(200, policy.now()).unwrap());
        }
        assert!(is_finished(&session.insert("late", 1)));
        assert!(is_finished(&session.destroy()));
        assert!(session.contains("k") && !session.contains("late"));
    }
}

#[test]
fn a_request_that_is_dropped_unfinished_commits_nothing() {
    let (sessions, shelf) = start();
    let request = open(&sessions, "");
    let (handle, session) = (request.handle().clone(), load(request.handle()));
    session.insert("lost", 1).unwrap();
    drop(request);
    assert!(all_is_finished(&handle, &session));
    assert_eq!(shelf.take_calls(), "");

    // What it has left to do is not dropped with it.
    let request = open(&sessions, "");
    load(request.handle()).insert("kept", 1).unwrap();
    let finish = request.finish(200).unwrap();
    drop(request);
    let Finish::Pending(commit) = finish else {
        panic!("nothing to commit")
    };
    assert!(block_on(commit.run()).unwrap().set_cookie().is_some());
}

#[test]
fn after_a_destroy_another_session_begins() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    shelf.take_calls();
    let request = open(&sessions, &cookie);
    request.handle().destroy().unwrap();
    let session = load(request.handle());
    assert!(!session.exists() && session.is_empty());
    session.sign_in("ada").unwrap();
    let reply = finish(&request, 200).unwrap();
    assert_eq!(shelf.take_calls(), "delete insert");
    assert_ne!(id_of(&reply).unwrap(), cookie);
}

#[test]
fn a_logout_after_a_load_ends_every_id_that_was_presented() {
    let (sessions, shelf) = start();
    let (one, two) = (begin(&sessions), begin(&sessions));
    let request = open(&sessions, &format!("{one}; __Host-session={two}"));
    load(request.handle()).destroy().unwrap();
    drop(finish(&request, 200).unwrap());
    assert!(shelf.model.lock().unwrap().0.is_empty());
}

/// Calls these methods where a type has none of its own, which would go before them.
trait CannotEnd {
    fn finish(&self, _: u16) -> CannotIndeed {
        CannotIndeed
    }

    fn commit(&self, _: u16) -> CannotIndeed {
        CannotIndeed
    }

    fn abandon(&self) -> CannotIndeed {
        CannotIndeed
    }
}

#[derive(Debug, PartialEq)]
struct CannotIndeed;

impl CannotEnd for Handle {}

impl CannotEnd for RequestSession {}

impl CannotEnd for Session {}

#[test]
fn no_handler_can_end_its_request() {
    let (sessions, _) = start();
    let request = open(&sessions, "");
    // By value, so that methods that take `self` would be found as well.
    let handle: Handle = request.handle().clone();
    let loaded: RequestSession = load(&handle);
    let session: Session = Session::clone(&loaded);
    assert_eq!(handle.finish(200), CannotIndeed);
    assert_eq!(handle.commit(200), CannotIndeed);
    assert_eq!(handle.abandon(), CannotIndeed);
    assert_eq!(loaded.finish(200), CannotIndeed);
    assert_eq!(loaded.commit(200), CannotIndeed);
    assert_eq!(loaded.abandon(), CannotIndeed);
    assert_eq!(session.finish(200), CannotIndeed);
    assert_eq!(session.commit(200), CannotIndeed);
    assert_eq!(session.abandon(), CannotIndeed);
    session.insert("k", 1).unwrap();
    assert!(id_of(&finish(&request, 200).unwrap()).is_some());
}
