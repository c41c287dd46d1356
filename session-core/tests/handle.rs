//! The async driver: what it asks of a store, and what it makes of outages and of haste.
#![allow(clippy::unwrap_used)]

mod util;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::future::{join, join_all};
use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use session_core::{
    CommitError, Exchange, Finish, Handle, Policy, Reply, Revoke, Session, SessionError, Sessions,
    Unfinished,
};
use util::id_of;
use util::shelf::Shelf;

fn start() -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    (Sessions::shared(Policy::default(), store), shelf)
}

fn open(sessions: &Sessions, cookie: &str) -> Handle {
    let header = format!("a=1; __Host-session={cookie}");
    sessions.open([header.as_bytes()])
}

fn load(handle: &Handle) -> Session {
    block_on(handle.load()).unwrap()
}

fn finish(handle: &Handle, status: u16) -> Result<Reply, SessionError> {
    match handle.finish(status)? {
        Finish::Done(reply) => Ok(reply),
        Finish::Pending(commit) => block_on(commit.run()),
    }
}

fn begin(sessions: &Sessions) -> String {
    let handle = open(sessions, "");
    load(&handle).insert("n", 0).unwrap();
    id_of(&finish(&handle, 200).unwrap()).unwrap()
}

#[test]
fn each_kind_of_request_makes_the_store_calls_it_must() {
    type Act = fn(&Handle);
    let rows: [(&str, bool, Act, &str); 9] = [
        ("untouched", true, |_| {}, ""),
        (
            "read",
            true,
            |handle| drop(load(handle).get::<u8>("n")),
            "load",
        ),
        (
            "create",
            false,
            |handle| load(handle).insert("k", 1).unwrap(),
            "insert",
        ),
        (
            "write",
            true,
            |handle| load(handle).insert("k", 1).unwrap(),
            "load replace",
        ),
        (
            "sign in",
            true,
            |handle| load(handle).sign_in("ada").unwrap(),
            "load replace",
        ),
        (
            "log out",
            true,
            |handle| handle.destroy().unwrap(),
            "delete",
        ),
        (
            "log out after a read",
            true,
            |handle| {
                load(handle);
                handle.destroy().unwrap();
            },
            "load delete",
        ),
        (
            "log out without a cookie",
            false,
            |handle| handle.destroy().unwrap(),
            "",
        ),
        (
            "read without a cookie",
            false,
            |handle| drop(load(handle)),
            "",
        ),
    ];
    for (name, has_session, act, calls) in rows {
        let (sessions, shelf) = start();
        let cookie = if has_session {
            begin(&sessions)
        } else {
            String::new()
        };
        shelf.take_calls();
        let handle = open(&sessions, &cookie);
        act(&handle);
        drop(finish(&handle, 200).unwrap());
        assert_eq!(shelf.take_calls(), calls, "{name}");
    }
}

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
    let handle = open(&sessions, &cookie);
    assert!(handle.peek().is_none());
    let loaded = block_on(join_all((0..5).map(|_| handle.load())));
    loaded[0].as_ref().unwrap().insert("k", 1).unwrap();
    assert!(loaded[4].as_ref().unwrap().contains("k"));
    assert!(handle.peek().unwrap().contains("k"));
    assert_eq!(shelf.take_calls(), "load");
}

#[test]
fn an_outage_is_an_error_and_over_when_the_store_is_back() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    shelf.is_down.store(true, Relaxed);
    let handle = open(&sessions, &cookie);
    assert!(matches!(
        block_on(handle.load()),
        Err(SessionError::Store(_))
    ));
    shelf.is_down.store(false, Relaxed);
    let session = load(&handle);
    assert!(session.exists());
    session.insert("k", 1).unwrap();
    shelf.is_down.store(true, Relaxed);
    let error = finish(&handle, 200).unwrap_err();
    assert!(matches!(error, SessionError::Store(_)));
    assert_eq!(error.to_string(), "session store unavailable");
}

#[test]
fn a_save_that_failed_keeps_the_changes_and_can_be_repeated() {
    for is_applied in [false, true] {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let handle = open(&sessions, &cookie);
        let session = load(&handle);
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
        drop(finish(&handle, 200).unwrap());
        assert_eq!(
            load(&open(&sessions, &cookie)).get::<u32>("n").unwrap(),
            Some(1)
        );
    }
}

#[test]
fn the_end_waits_for_a_save_that_is_under_way() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    let handle = open(&sessions, &cookie);
    let session = load(&handle);
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
    let Finish::Pending(end) = handle.finish(200).unwrap() else {
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
    let session = load(&open(&sessions, &cookie));
    assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
    assert!(session.contains("late"));
}

#[test]
fn what_was_finished_or_abandoned_is_closed() {
    let (sessions, shelf) = start();
    let cookie = begin(&sessions);
    for is_abandoned in [false, true] {
        let handle = open(&sessions, &cookie);
        let session = load(&handle);
        if is_abandoned {
            session.insert("lost", 1).unwrap();
            handle.abandon();
            shelf.take_calls();
        } else {
            drop(finish(&handle, 200).unwrap());
        }
        assert!(matches!(block_on(handle.load()), Err(SessionError::Closed)));
        assert!(matches!(handle.destroy(), Err(SessionError::Closed)));
        assert!(matches!(session.insert("k", 1), Err(SessionError::Closed)));
        assert!(matches!(
            block_on(session.save()),
            Err(SessionError::Closed)
        ));
        assert!(!finish(&handle, 200).unwrap().is_opened());
    }
    assert_eq!(shelf.take_calls(), "");
    assert!(!load(&open(&sessions, &cookie)).contains("lost"));
}

#[test]
fn a_commit_does_all_that_a_finish_leaves_to_do() {
    let (sessions, shelf) = start();
    let handle = open(&sessions, "");
    load(&handle).insert("n", 1).unwrap();
    let cookie = id_of(&block_on(handle.commit(200)).unwrap()).unwrap();
    assert_eq!(shelf.take_calls(), "insert");
    assert!(!block_on(handle.commit(200)).unwrap().is_opened());
    assert_eq!(shelf.take_calls(), "");

    let handle = open(&sessions, &cookie);
    load(&handle).insert("n", 2).unwrap();
    shelf.is_down.store(true, Relaxed);
    let outage = block_on(handle.commit(200));
    assert!(matches!(outage, Err(SessionError::Store(_))));
}

#[test]
fn a_request_that_is_dropped_unfinished_commits_nothing() {
    let (sessions, shelf) = start();
    let request = Unfinished::from(open(&sessions, ""));
    let (handle, session) = (request.clone(), load(&request));
    session.insert("lost", 1).unwrap();
    drop(request);
    assert!(matches!(session.insert("k", 1), Err(SessionError::Closed)));
    assert!(!block_on(handle.commit(200)).unwrap().is_opened());
    assert_eq!(shelf.take_calls(), "");

    let request = Unfinished::from(open(&sessions, ""));
    load(&request).insert("kept", 1).unwrap();
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
    let handle = open(&sessions, &cookie);
    handle.destroy().unwrap();
    let session = load(&handle);
    assert!(!session.exists() && session.is_empty());
    session.sign_in("ada").unwrap();
    let reply = finish(&handle, 200).unwrap();
    assert_eq!(shelf.take_calls(), "delete insert");
    assert_ne!(id_of(&reply).unwrap(), cookie);
}

#[test]
fn a_save_after_the_session_ended_elsewhere_says_so() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let handle = open(&sessions, &cookie);
    let session = load(&handle);
    session.insert("k", 1).unwrap();
    let logout = open(&sessions, &cookie);
    logout.destroy().unwrap();
    drop(finish(&logout, 200).unwrap());
    assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
    assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
    let reply = finish(&handle, 200).unwrap();
    assert!(reply.is_gone() && reply.set_cookie().is_none());
}

#[test]
fn fifty_overlapping_updates_are_fifty() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    // All load before any commits.
    let handles: Vec<Handle> = (0..50).map(|_| open(&sessions, &cookie)).collect();
    for (number, handle) in handles.iter().enumerate() {
        let session = load(handle);
        session
            .update("n", |n: Option<u32>| n.unwrap() + 1)
            .unwrap();
        session.insert(&format!("key{number}"), number).unwrap();
    }
    for handle in &handles {
        drop(finish(handle, 200).unwrap());
    }
    let session = load(&open(&sessions, &cookie));
    assert_eq!(session.get::<u32>("n").unwrap(), Some(50));
    assert_eq!(session.len(), 51);
}

#[test]
fn an_owners_devices_are_listed_and_revoked() {
    let (sessions, _) = start();
    let sign_in = |owner: &str| {
        let handle = open(&sessions, "");
        load(&handle).sign_in(owner).unwrap();
        id_of(&finish(&handle, 200).unwrap()).unwrap()
    };
    let (phone, laptop, other) = (sign_in("ada"), sign_in("ada"), sign_in("bob"));
    let devices = block_on(sessions.devices("ada")).unwrap();
    assert_eq!(devices.len(), 2);
    let current = load(&open(&sessions, &laptop)).public_id().unwrap();
    let foreign = load(&open(&sessions, &other)).public_id().unwrap();
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::One(&foreign))).unwrap(),
        0
    );
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::AllBut(&current))).unwrap(),
        1
    );
    assert!(!load(&open(&sessions, &phone)).exists());
    assert!(load(&open(&sessions, &laptop)).exists());
    assert!(load(&open(&sessions, &other)).exists());
}

#[test]
fn a_session_that_was_opened_by_hand_has_no_store_to_save_to() {
    let Exchange::Open(session) = Exchange::open(&Arc::new(Policy::default()), []) else {
        panic!("there was no cookie");
    };
    session.insert("k", 1).unwrap();
    assert!(matches!(
        block_on(session.save()),
        Err(SessionError::NoStore)
    ));
}

#[test]
fn a_session_that_was_found_gone_is_closed_by_its_response_like_any_other() {
    for saves_early in [false, true] {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let slow = open(&sessions, &cookie);
        let session = load(&slow);
        session.insert("late", 1).unwrap();
        let logout = open(&sessions, &cookie);
        logout.destroy().unwrap();
        drop(finish(&logout, 200).unwrap());
        if saves_early {
            assert!(matches!(block_on(session.save()), Err(SessionError::Gone)));
        }
        assert!(finish(&slow, 200).unwrap().is_gone());
        shelf.take_calls();
        assert!(matches!(session.destroy(), Err(SessionError::Closed)));
        assert!(matches!(session.insert("x", 1), Err(SessionError::Closed)));
        assert!(matches!(
            block_on(session.save()),
            Err(SessionError::Closed)
        ));
        assert_eq!(shelf.take_calls(), "");
    }
}

#[test]
fn what_is_driven_by_hand_is_not_committed_after_the_response_either() {
    let policy = Arc::new(Policy::default());
    let Exchange::Open(session) = Exchange::open(&policy, []) else {
        panic!("nobody presented an id");
    };
    session.insert("k", 1).unwrap();
    drop(session.finish(200, policy.now()).unwrap());
    let late = session.commit(policy.now()).unwrap_err();
    assert!(matches!(late, CommitError::Closed));
    assert_eq!(SessionError::from(late).status(), 500);
}

#[test]
fn a_logout_after_a_load_ends_every_id_that_was_presented() {
    let (sessions, shelf) = start();
    let (one, two) = (begin(&sessions), begin(&sessions));
    let handle = open(&sessions, &format!("{one}; __Host-session={two}"));
    load(&handle).destroy().unwrap();
    drop(finish(&handle, 200).unwrap());
    assert!(shelf.model.lock().unwrap().0.is_empty());
}

#[test]
fn overlapping_writes_make_no_session_larger_than_the_limit() {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    let policy = Policy::builder().max_bytes(1_000).build().unwrap();
    let sessions = Sessions::shared(policy, store);
    let cookie = begin(&sessions);
    let handles: Vec<Handle> = (0..5).map(|_| open(&sessions, &cookie)).collect();
    for (number, handle) in handles.iter().enumerate() {
        let key = format!("key{number}");
        load(handle).insert(&key, "x".repeat(400)).unwrap();
    }
    let ends = handles.iter().map(|handle| finish(handle, 200));
    let refused = ends
        .filter_map(Result::err)
        .inspect(|error| assert_eq!(error.status(), 413, "{error}"));
    assert_eq!(refused.count(), 3);
    let handle = open(&sessions, &cookie);
    let session = load(&handle);
    assert_eq!(session.keys(), ["n", "key0", "key1"]);
    // What makes it smaller is welcome.
    session.remove("key0").unwrap();
    assert!(finish(&handle, 200).is_ok());
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
        let handle = open(&sessions, &begin(&sessions));
        assert!(!handle.is_loaded(), "{what}");
        act(&handle);
        assert_eq!(handle.is_loaded(), is_used, "{what}");
        let reply = finish(&handle, 200).unwrap();
        assert_eq!(reply.is_opened(), is_used, "{what}");
        // Middleware may ask after the response, and after whatever comes too late.
        handle.abandon();
        assert!(!finish(&handle, 200).unwrap().is_opened());
        assert_eq!(handle.is_loaded(), is_used, "{what}");
    }
}

#[test]
fn what_happens_while_a_load_waits_for_the_store_wins() {
    type Act = fn(&Handle);
    let acts: [(&str, Act, Option<bool>); 4] = [
        ("nothing", |_| {}, Some(true)),
        ("logout", |handle| handle.destroy().unwrap(), Some(false)),
        ("response", |handle| drop(finish(handle, 200)), None),
        ("panic", Handle::abandon, None),
    ];
    for (what, act, exists) in acts {
        let (sessions, shelf) = start();
        let handle = open(&sessions, &begin(&sessions));
        shelf.take_calls();
        shelf.hold();
        let (first, second) = (handle.load(), handle.load());
        pin_mut!(first, second);
        // The second waits for the first, and the first for the store.
        assert!(first.as_mut().now_or_never().is_none(), "{what}");
        assert!(second.as_mut().now_or_never().is_none(), "{what}");
        act(&handle);
        shelf.release();
        let (first, second) = block_on(join(first, second));
        for loaded in [first, second] {
            match exists {
                Some(exists) => assert_eq!(loaded.unwrap().exists(), exists, "{what}"),
                None => assert!(matches!(loaded, Err(SessionError::Closed)), "{what}"),
            }
        }
        assert_eq!(shelf.take_calls(), "load", "{what}");
    }
}

#[test]
fn nothing_that_is_logged_of_a_request_names_its_id() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let handle = open(&sessions, &cookie);
    let mut shown = vec![format!("{handle:?}")];
    let session = load(&handle);
    session.insert("k", "secret").unwrap();
    shown.push(format!("{handle:?} {session:?} {:?}", handle.sessions()));
    let Finish::Pending(commit) = handle.finish(200).unwrap() else {
        panic!("there is something to write");
    };
    shown.push(format!("{commit:?}"));
    let reply = Finish::Done(block_on(commit.run()).unwrap());
    shown.push(format!("{reply:?} {handle:?}"));
    for (text, state) in shown.iter().zip(["unread", "open", "replace", "closed"]) {
        let text = text.to_lowercase();
        assert!(text.contains(state), "{text}");
        assert!(
            !text.contains(&cookie) && !text.contains("secret"),
            "{text}"
        );
    }
}

#[test]
fn the_parts_of_sessions_are_the_ones_it_was_joined_from() {
    let shelf = Arc::new(Shelf::default());
    let policy = Policy::builder().cookie_name("sid").insecure().build();
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    let sessions = Sessions::shared(policy.unwrap(), Arc::clone(&store));
    assert_eq!(sessions.policy().cookie_name(), "sid");
    assert!(Arc::ptr_eq(sessions.store(), &store));
    let handle = sessions.open([]);
    assert!(Arc::ptr_eq(handle.sessions().store(), &store));
    block_on(handle.sessions().store().check()).unwrap();
    assert_eq!(shelf.take_calls(), "check");
    // One of its own.
    let sessions = Sessions::new(Policy::default(), Shelf::default());
    assert_eq!(sessions.policy().cookie_name(), "__Host-session");
    assert!(block_on(sessions.devices("ada")).unwrap().is_empty());
}
