//! When a session is loaded, and how often.

use std::sync::atomic::Ordering;

use futures_util::future::{join, join_all};
use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use session_core::{Handle, Request, SessionError};

use crate::request::{begin, finish, load, open, start};

#[test]
fn an_untouched_request_says_nothing_of_the_session() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let reply = finish(&open(&sessions, &cookie), 200).unwrap();
    assert!(!reply.is_opened() && reply.set_cookie().is_none());
}

#[test]
fn a_session_is_loaded_once_however_many_ask() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    shelf.take_calls();
    let request = open(&sessions, &cookie);
    let handle = request.handle();
    assert!(handle.peek().is_none());
    let loaded = block_on(join_all((0..5).map(|_| handle.load())));
    loaded[0].as_ref().unwrap().insert("k", 1).unwrap();
    assert!(loaded[4].as_ref().unwrap().contains("k"));
    assert!(handle.peek().unwrap().contains("k"));
    assert_eq!(shelf.take_calls(), "load");
}

#[test]
fn a_request_has_used_its_session_once_it_loaded_or_destroyed_it() {
    type Act = fn(&Handle);
    let acts: [(&str, bool, Act); 4] = [
        ("nothing", false, |_| {}),
        ("peek", false, |handle| assert!(handle.peek().is_none())),
        ("load", true, |handle| drop(load(handle))),
        ("destroy", true, |handle| handle.destroy().unwrap()),
    ];
    for (what, is_used, act) in acts {
        let (sessions, _) = start();
        let request = open(&sessions, &begin(&sessions));
        let handle = request.handle();
        assert!(!handle.is_loaded(), "{what}");
        act(handle);
        assert_eq!(handle.is_loaded(), is_used, "{what}");
        let reply = finish(&request, 200).unwrap();
        assert_eq!(reply.is_opened(), is_used, "{what}");
        // Middleware may ask after the response, and after whatever comes too late.
        request.abandon();
        assert!(!finish(&request, 200).unwrap().is_opened());
        assert_eq!(handle.is_loaded(), is_used, "{what}");
    }
}

#[test]
fn what_happens_while_a_load_waits_for_the_store_wins() {
    type Act = fn(&Request);
    let acts: [(&str, Act, Option<bool>); 4] = [
        ("nothing", |_| {}, Some(true)),
        (
            "logout",
            |request| request.handle().destroy().unwrap(),
            Some(false),
        ),
        ("response", |request| drop(finish(request, 200)), None),
        ("panic", Request::abandon, None),
    ];
    for (what, act, exists) in acts {
        let (sessions, shelf) = start();
        let request = open(&sessions, &begin(&sessions));
        shelf.take_calls();
        shelf.hold();
        let (first, second) = (request.handle().load(), request.handle().load());
        pin_mut!(first, second);
        // The second waits for the first, and the first for the store.
        assert!(first.as_mut().now_or_never().is_none(), "{what}");
        assert!(second.as_mut().now_or_never().is_none(), "{what}");
        act(&request);
        shelf.release();
        let (first, second) = block_on(join(first, second));
        for loaded in [first, second] {
            match exists {
                Some(exists) => assert_eq!(loaded.unwrap().exists(), exists, "{what}"),
                None => assert!(matches!(loaded, Err(SessionError::Finished)), "{what}"),
            }
        }
        assert_eq!(shelf.take_calls(), "load", "{what}");
    }
}

#[test]
fn a_response_depends_on_the_cookie_although_the_store_has_failed_to_answer() {
    let (sessions, shelf) = start();
    let request = open(&sessions, &begin(&sessions));
    shelf.is_down.store(true, Ordering::Relaxed);
    assert!(block_on(request.handle().load()).is_err());
    let reply = finish(&request, 503).unwrap();
    assert!(reply.is_opened() && reply.set_cookie().is_none());
}
