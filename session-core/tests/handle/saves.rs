//! Early saves that fail, that hang, and that come too late.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::future::join;
use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use serde::{Serialize, Serializer};
use session_core::{Field, Finish, Request, RequestSession, Revoke, SessionError};

use crate::request::{
    all_is_finished, begin, finish, is_finished, load, log_out, open, read, start,
};
use crate::util::id_of;

#[test]
fn a_save_that_failed_keeps_the_changes_and_can_be_repeated() {
    for is_applied in [false, true] {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let request = open(&sessions, &cookie);
        let session = load(request.handle());
        session
            .update("n", |n: Option<u32>| n.unwrap() + 1)
            .unwrap();
        shelf.is_down.store(!is_applied, Relaxed);
        shelf.loses_answer.store(is_applied, Relaxed);
        assert!(block_on(session.save()).is_err());
        shelf.is_down.store(false, Relaxed);
        assert!(session.is_modified());
        block_on(session.save()).unwrap();
        assert!(!session.is_modified());
        drop(finish(&request, 200).unwrap());
        assert_eq!(read(&sessions, &cookie).get::<u32>("n").unwrap(), Some(1));
    }
}

#[test]
fn a_save_after_the_session_ended_elsewhere_says_so() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    let session = load(request.handle());
    session.insert("k", 1).unwrap();
    log_out(&sessions, &cookie);
    assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
    assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
    let reply = finish(&request, 200).unwrap();
    assert!(reply.is_gone() && reply.set_cookie().is_none());
}

#[test]
fn the_end_waits_for_a_save_that_is_under_way() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    let session = load(request.handle());
    session
        .update("n", |n: Option<u32>| n.unwrap() + 1)
        .unwrap();
    shelf.take_calls();
    // The save hangs in the store.
    shelf.hold();
    let save = session.save();
    pin_mut!(save);
    assert!(save.as_mut().now_or_never().is_none());
    session.insert("late", true).unwrap();
    let Finish::Pending(end) = request.finish(200).unwrap() else {
        panic!("the end has to wait");
    };
    let end = end.run();
    pin_mut!(end);
    assert!(end.as_mut().now_or_never().is_none());
    assert_eq!(shelf.take_calls(), "replace");
    shelf.release();
    let (saved, reply) = block_on(join(save, end));
    saved.unwrap();
    assert!(!reply.unwrap().is_gone());
    assert_eq!(shelf.take_calls(), "replace");
    let session = read(&sessions, &cookie);
    assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
    assert!(session.contains("late"));
}

#[test]
fn a_response_that_gives_up_waiting_for_a_save_has_finished_the_session() {
    type GiveUp = fn(&Request);
    let ways: [(&str, GiveUp); 3] = [
        ("before it ran", |request| {
            assert!(matches!(request.finish(200), Ok(Finish::Pending(_))));
        }),
        ("while it ran", |request| {
            let Ok(Finish::Pending(pending)) = request.finish(200) else {
                panic!("the end has to wait");
            };
            assert!(pending.run().now_or_never().is_none());
        }),
        ("in one", |request| {
            assert!(request.commit(200).now_or_never().is_none());
        }),
    ];
    for (way, give_up) in ways {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let request = open(&sessions, &cookie);
        let session = load(request.handle());
        session.insert("saved", 1).unwrap();
        shelf.take_calls();
        shelf.hold();
        let save = session.save();
        pin_mut!(save);
        assert!(save.as_mut().now_or_never().is_none());
        session.insert("unsaved", 1).unwrap();
        give_up(&request);
        // Also while the save is still under way.
        assert!(is_finished(&session.insert("late", 1)), "{way}");
        shelf.release();
        block_on(save).unwrap();
        assert!(all_is_finished(request.handle(), &session), "{way}");
        drop(request);
        assert_eq!(shelf.take_calls(), "replace", "{way}");
        assert_eq!(read(&sessions, &cookie).keys(), ["n", "saved"], "{way}");
    }
}

/// A value that is being written when the response begins.
struct Slow<'a>(&'a Request);

impl Serialize for Slow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        begin_response(self.0);
        serializer.serialize_u8(1)
    }
}

/// The head is ready, and the client goes away before the commit.
fn begin_response(request: &Request) {
    drop(request.finish(200));
}

#[test]
fn a_change_that_is_being_computed_when_the_response_begins_is_finished() {
    type Act = fn(&Arc<Request>, &RequestSession) -> Result<(), SessionError>;
    let acts: [(&str, Act); 6] = [
        ("insert", |request, session| {
            session.insert("late", Slow(request))
        }),
        ("extend", |request, session| {
            let values = std::iter::once_with(|| {
                begin_response(request);
                ("late", 1)
            });
            session.extend(values)
        }),
        ("update", |request, session| {
            let request = Arc::clone(request);
            let compute = move |_: Option<u8>| {
                begin_response(&request);
                1
            };
            session.update("late", compute).map(drop)
        }),
        ("update of a value", |request, session| {
            let request = Arc::clone(request);
            let compute = move |n: Option<u8>| {
                begin_response(&request);
                n.unwrap() + 1
            };
            session.update("n", compute).map(drop)
        }),
        ("get_or_insert_with", |request, session| {
            let default = || {
                begin_response(request);
                1
            };
            session.get_or_insert_with("late", default).map(drop)
        }),
        ("save", |request, session| {
            let save = session.save();
            begin_response(request);
            block_on(save)
        }),
    ];
    for (what, act) in acts {
        for changes in [false, true] {
            let (sessions, shelf) = start();
            let cookie = begin(&sessions);
            let request = Arc::new(open(&sessions, &cookie));
            let session = load(request.handle());
            if changes {
                session.insert("before", 1).unwrap();
            }
            shelf.take_calls();
            let changed = act(&request, &session);
            assert!(is_finished(&changed), "{what}: {changed:?}");
            assert!(all_is_finished(request.handle(), &session), "{what}");
            assert_eq!(shelf.take_calls(), "", "{what}");
            assert!(!session.contains("late"), "{what}");
            assert_eq!(session.get::<u8>("n").unwrap(), Some(0), "{what}");
        }
    }
}

#[test]
fn what_waits_for_a_save_when_the_response_begins_is_finished() {
    for revokes in [false, true] {
        let (sessions, shelf) = start();
        let login = open(&sessions, "");
        load(login.handle()).sign_in("ada").unwrap();
        let cookie = id_of(&finish(&login, 200).unwrap()).unwrap();
        let request = open(&sessions, &cookie);
        let session = load(request.handle());
        session.insert("saved", 1).unwrap();
        shelf.hold();
        let save = session.save();
        pin_mut!(save);
        assert!(save.as_mut().now_or_never().is_none());
        session.insert("unsaved", 1).unwrap();
        let next = async {
            if revokes {
                session.revoke(Revoke::All).await.map(drop)
            } else {
                session.save().await
            }
        };
        pin_mut!(next);
        assert!(next.as_mut().now_or_never().is_none());
        begin_response(&request);
        shelf.release();
        block_on(save).unwrap();
        let outcome = block_on(next);
        assert!(is_finished(&outcome), "{outcome:?}");
        assert_eq!(read(&sessions, &cookie).keys(), ["saved"]);
    }
}

#[test]
fn a_value_that_the_store_cannot_keep_is_refused_where_it_is_set() {
    type Act = fn(&RequestSession) -> Result<(), SessionError>;
    let acts: [(&str, Act); 8] = [
        ("insert", |session| session.insert("taken", 1)),
        ("a value", |session| session.insert("k", -7)),
        ("extend", |session| session.extend([("k", -7)])),
        ("update", |session| {
            session.update("k", |_: Option<i32>| -7).map(drop)
        }),
        ("a name", |session| {
            session.update("taken", |_: Option<i32>| 1).map(drop)
        }),
        ("get_or_insert_with", |session| {
            session.get_or_insert_with("taken", || 1).map(drop)
        }),
        ("Field::insert", |session| {
            Field::<i32>::new("k").insert(session, -7)
        }),
        ("Field::get_or_insert_with", |session| {
            Field::<i32>::new("k")
                .get_or_insert_with(session, || -7)
                .map(drop)
        }),
    ];
    for (what, act) in acts {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let request = open(&sessions, &cookie);
        let session = load(request.handle());
        let error = act(&session).unwrap_err();
        assert_eq!(error.status(), 500, "{what}");
        assert!(
            error.to_string().contains("can't be stored: it is taken"),
            "{error}"
        );
        assert!(!session.is_modified(), "{what}");
        session.insert("other", 1).unwrap();
        drop(finish(&request, 200).unwrap());
        assert_eq!(read(&sessions, &cookie).keys(), ["n", "other"], "{what}");
        assert!(!shelf.take_calls().is_empty());
    }
    // One that a computation makes only when it is repeated on what another request has stored.
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    let session = load(request.handle());
    session
        .update("n", |n: Option<i32>| n.unwrap() - 1)
        .unwrap();
    let other = open(&sessions, &cookie);
    load(other.handle()).insert("n", -6).unwrap();
    drop(finish(&other, 200).unwrap());
    let failed = finish(&request, 200).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Value(_)), "{failed}");
    assert_eq!(read(&sessions, &cookie).get::<i32>("n").unwrap(), Some(-6));
}
