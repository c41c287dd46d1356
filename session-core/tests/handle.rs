//! The async driver: what it asks of a store, and what it makes of outages and of haste.
#![allow(clippy::unwrap_used)]

mod util;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use futures_util::future::{join, join_all};
use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use session_core::{
    CommitError, Exchange, Finish, Handle, ManualClock, Policy, Reply, Request, RequestSession,
    Revoke, Session, SessionError, Sessions, Step,
};
use time::Duration;
use util::shelf::Shelf;
use util::{START, World, id_of, outage};

fn start() -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    (Sessions::shared(Policy::default(), store), shelf)
}

/// The same with a clock that is moved by hand.
fn start_at(clock: &Arc<ManualClock>) -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    let policy = Policy::builder().clock(Arc::clone(clock)).build().unwrap();
    (Sessions::shared(policy, store), shelf)
}

fn open(sessions: &Sessions, cookie: &str) -> Request {
    let header = format!("a=1; __Host-session={cookie}");
    sessions.open([header.as_bytes()])
}

fn load(handle: &Handle) -> RequestSession {
    block_on(handle.load()).unwrap()
}

fn read(sessions: &Sessions, cookie: &str) -> RequestSession {
    load(open(sessions, cookie).handle())
}

fn log_out(sessions: &Sessions, cookie: &str) {
    let request = open(sessions, cookie);
    request.handle().destroy().unwrap();
    drop(finish(&request, 200).unwrap());
}

fn finish(request: &Request, status: u16) -> Result<Reply, CommitError> {
    match request.finish(status)? {
        Finish::Done(reply) => Ok(reply),
        Finish::Pending(commit) => block_on(commit.run()),
    }
}

fn begin(sessions: &Sessions) -> String {
    let request = open(sessions, "");
    load(request.handle()).insert("n", 0).unwrap();
    id_of(&finish(&request, 200).unwrap()).unwrap()
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
            "load insert replace",
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
        let request = open(&sessions, &cookie);
        act(request.handle());
        drop(finish(&request, 200).unwrap());
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

fn is_finished<T>(outcome: &Result<T, SessionError>) -> bool {
    matches!(outcome, Err(SessionError::Finished))
}

fn all_is_finished(handle: &Handle, session: &RequestSession) -> bool {
    is_finished(&block_on(handle.load()))
        && is_finished(&handle.destroy())
        && is_finished(&session.insert("late", 1))
        && is_finished(&session.update("late", |n: Option<u8>| n.unwrap_or(0)))
        && is_finished(&session.sign_in("late"))
        && is_finished(&session.destroy())
        && is_finished(&block_on(session.save()))
}

#[test]
fn a_commit_does_all_that_a_finish_leaves_to_do() {
    let (sessions, shelf) = start();
    let request = open(&sessions, "");
    load(request.handle()).insert("n", 1).unwrap();
    let cookie = id_of(&block_on(request.commit(200)).unwrap()).unwrap();
    assert_eq!(shelf.take_calls(), "insert");
    assert!(!block_on(request.commit(200)).unwrap().is_opened());
    assert_eq!(shelf.take_calls(), "");

    let request = open(&sessions, &cookie);
    load(request.handle()).insert("n", 2).unwrap();
    shelf.is_down.store(true, Relaxed);
    let failed = block_on(request.commit(200)).unwrap_err();
    assert!(matches!(failed.error(), SessionError::Store(_)));
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
fn fifty_overlapping_updates_are_fifty() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    // All load before any commits.
    let requests: Vec<Request> = (0..50).map(|_| open(&sessions, &cookie)).collect();
    for (number, request) in requests.iter().enumerate() {
        let session = load(request.handle());
        session
            .update("n", |n: Option<u32>| n.unwrap() + 1)
            .unwrap();
        session.insert(&format!("key{number}"), number).unwrap();
    }
    for request in &requests {
        drop(finish(request, 200).unwrap());
    }
    let session = read(&sessions, &cookie);
    assert_eq!(session.get::<u32>("n").unwrap(), Some(50));
    assert_eq!(session.len(), 51);
}

#[test]
fn an_owners_devices_are_listed_and_revoked() {
    let (sessions, _) = start();
    let sign_in = |owner: &str| {
        let request = open(&sessions, "");
        load(request.handle()).sign_in(owner).unwrap();
        id_of(&finish(&request, 200).unwrap()).unwrap()
    };
    let (phone, laptop, other) = (sign_in("ada"), sign_in("ada"), sign_in("bob"));
    let devices = block_on(sessions.devices("ada")).unwrap();
    assert_eq!(devices.len(), 2);
    let current = read(&sessions, &laptop).public_id().unwrap();
    let foreign = read(&sessions, &other).public_id().unwrap();
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::One(&foreign))).unwrap(),
        0
    );
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::AllBut(&current))).unwrap(),
        1
    );
    assert!(!read(&sessions, &phone).exists());
    assert!(read(&sessions, &laptop).exists());
    assert!(read(&sessions, &other).exists());
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
fn a_logout_after_a_load_ends_every_id_that_was_presented() {
    let (sessions, shelf) = start();
    let (one, two) = (begin(&sessions), begin(&sessions));
    let request = open(&sessions, &format!("{one}; __Host-session={two}"));
    load(request.handle()).destroy().unwrap();
    drop(finish(&request, 200).unwrap());
    assert!(shelf.model.lock().unwrap().0.is_empty());
}

#[test]
fn overlapping_writes_make_no_session_larger_than_the_limit() {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    let policy = Policy::builder().max_bytes(1_000).build().unwrap();
    let sessions = Sessions::shared(policy, store);
    let cookie = begin(&sessions);
    let requests: Vec<Request> = (0..5).map(|_| open(&sessions, &cookie)).collect();
    for (number, request) in requests.iter().enumerate() {
        let key = format!("key{number}");
        load(request.handle())
            .insert(&key, "x".repeat(400))
            .unwrap();
    }
    let ends = requests.iter().map(|request| finish(request, 200));
    let refused = ends
        .filter_map(Result::err)
        .inspect(|failed| assert_eq!(failed.error().status(), 413, "{failed}"));
    assert_eq!(refused.count(), 3);
    let request = open(&sessions, &cookie);
    let session = load(request.handle());
    assert_eq!(session.keys(), ["n", "key0", "key1"]);
    // What makes it smaller is welcome.
    session.remove("key0").unwrap();
    assert!(finish(&request, 200).is_ok());
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
fn nothing_that_is_logged_of_a_request_names_its_id() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let request = open(&sessions, &cookie);
    let mut shown = vec![format!("{request:?}")];
    let session = load(request.handle());
    session.insert("k", "secret").unwrap();
    shown.push(format!("{request:?} {session:?} {sessions:?}"));
    let Finish::Pending(commit) = request.finish(200).unwrap() else {
        panic!("there is something to write");
    };
    shown.push(format!("{commit:?}"));
    let reply = Finish::Done(block_on(commit.run()).unwrap());
    shown.push(format!("{reply:?} {request:?}"));
    for (text, state) in shown.iter().zip(["unread", "open", "Replace", "finished"]) {
        assert!(text.contains(state), "{text}");
        assert!(
            !text.contains(&cookie[22..]) && !text.contains("\"secret"),
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
    let request = sessions.open([]);
    let handle = request.handle();
    assert!(Arc::ptr_eq(handle.sessions().store(), &store));
    block_on(handle.sessions().store().check()).unwrap();
    assert_eq!(shelf.take_calls(), "check");
    // One of its own.
    let sessions = Sessions::new(Policy::default(), Shelf::default());
    assert_eq!(sessions.policy().cookie_name(), "__Host-session");
    assert!(block_on(sessions.devices("ada")).unwrap().is_empty());
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
    let over = Duration::days(14) + Duration::minutes(5);
    let kinds = [
        ("touch", same, Duration::days(2), true),
        ("replace", rotated, Duration::SECOND, true),
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
    clock.advance(Duration::days(2));
    let request = open(&sessions, &cookie);
    load(request.handle()).insert("n", 1).unwrap();
    shelf.is_down.store(true, Relaxed);
    let failed = finish(&request, 200).unwrap_err();
    assert_eq!(failed.error().status(), 503);
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
