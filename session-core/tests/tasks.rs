//! Clones of one session in several tasks: what one does while another's save is in the store.
#![allow(clippy::unwrap_used)]

mod util;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::mpsc;
use std::time::Duration;

use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use session_core::{
    CommitError, Expiry, Policy, Reply, Request, RequestSession, Session, SessionError, Sessions,
};
use util::id_of;
use util::shelf::Shelf;

fn start() -> (Sessions, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn session_core::Store> = Arc::<Shelf>::clone(&shelf);
    (Sessions::shared(Policy::default(), store), shelf)
}

fn open(sessions: &Sessions, cookie: &str) -> Request {
    let header = format!("__Host-session={cookie}");
    sessions.open([header.as_bytes()])
}

fn load(request: &Request) -> RequestSession {
    block_on(request.handle().load()).unwrap()
}

fn finish(request: &Request, status: u16) -> Result<Reply, CommitError> {
    block_on(request.commit(status))
}

fn begin(sessions: &Sessions) -> String {
    let request = open(sessions, "");
    load(&request).insert("n", 0).unwrap();
    id_of(&finish(&request, 200).unwrap()).unwrap()
}

fn rows(shelf: &Shelf) -> usize {
    shelf.model.lock().unwrap().0.len()
}

/// Does something while a save of the session hangs in the store, then lets the save go on.
fn during_a_save(
    shelf: &Shelf,
    session: &RequestSession,
    act: impl FnOnce(),
) -> Result<(), SessionError> {
    shelf.hold();
    let save = session.save();
    pin_mut!(save);
    assert!(save.as_mut().now_or_never().is_none());
    act();
    shelf.release();
    block_on(save)
}

#[test]
fn a_logout_during_a_save_holds() {
    type Act = fn(&Session);
    let rows_of: [(&str, bool, Act); 5] = [
        ("create", false, |session| session.insert("k", 1).unwrap()),
        ("write", true, |session| session.insert("k", 1).unwrap()),
        ("cycle", true, |session| session.cycle().unwrap()),
        ("sign in", true, |session| session.sign_in("ada").unwrap()),
        ("lifetime", true, |session| {
            session.set_expiry(Expiry::BrowserClose).unwrap();
        }),
    ];
    for (name, exists, act) in rows_of {
        let (sessions, shelf) = start();
        let cookie = if exists {
            begin(&sessions)
        } else {
            String::new()
        };
        let request = open(&sessions, &cookie);
        let session = load(&request);
        act(&session);
        let logout = || session.destroy().unwrap();
        let _ = during_a_save(&shelf, &session, logout);
        assert!(!session.exists() && session.is_empty(), "{name}");
        assert_eq!(session.owner(), None, "{name}");
        let reply = finish(&request, 200).unwrap();
        assert_eq!(rows(&shelf), 0, "{name}");
        assert_eq!(id_of(&reply), None, "{name}: {:?}", reply.set_cookie());
    }
}

#[test]
fn what_begins_after_a_logout_during_a_save_is_another_session() {
    for is_ended_elsewhere in [false, true] {
        let (sessions, shelf) = start();
        let cookie = begin(&sessions);
        let request = open(&sessions, &cookie);
        let session = load(&request);
        session.insert("old", 1).unwrap();
        let relogin = || {
            session.destroy().unwrap();
            session.sign_in("ada").unwrap();
            session.insert("new", 1).unwrap();
            if is_ended_elsewhere {
                shelf.model.lock().unwrap().0.clear();
            }
        };
        let _ = during_a_save(&shelf, &session, relogin);
        let reply = finish(&request, 200).unwrap();
        let id = id_of(&reply).expect("a cookie for the new session");
        assert_ne!(id, cookie);
        assert_eq!(rows(&shelf), 1);
        let session = load(&open(&sessions, &id));
        assert_eq!(session.keys(), ["new"]);
        assert_eq!(session.owner().as_deref(), Some("ada"));
    }
}

/// Runs a test in a thread of its own, so that one that never ends is a failure.
fn ends<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, finished) = mpsc::channel();
    #[allow(
        clippy::disallowed_methods,
        reason = "a closure that waits for ever is not to take the test with it"
    )]
    std::thread::spawn(move || done.send(test()));
    finished.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn an_updates_closure_may_use_the_session_while_a_save_is_under_way() {
    for loses_answer in [false, true] {
        let n = ends(move || {
            let (sessions, shelf) = start();
            let request = open(&sessions, &begin(&sessions));
            let session = load(&request);
            let inner = Session::clone(&session);
            let add = move |n: Option<usize>| n.unwrap_or(0) + inner.len();
            session.update("n", add.clone()).unwrap();
            shelf.loses_answer.store(loses_answer, Relaxed);
            let saved = during_a_save(&shelf, &session, || {
                session.update("n", add.clone()).unwrap();
            });
            assert_eq!(saved.is_err(), loses_answer);
            drop(finish(&request, 200).unwrap());
            session.get::<usize>("n").unwrap()
        });
        assert_eq!(n, Some(2), "lost answer: {loses_answer}");
    }
}

/// A closure that adds one, and does something else to the session each time it runs.
fn adds_and(
    session: &Session,
    act: impl Fn(&Session, u32) + Clone + Send + Sync + 'static,
) -> impl Fn(Option<u32>) -> u32 + Clone + Send + Sync + 'static {
    let session = session.clone();
    let runs = Arc::new(AtomicU32::new(1));
    move |n| {
        act(&session, runs.fetch_add(1, Relaxed));
        n.unwrap_or(0) + 1
    }
}

#[test]
fn an_updates_closure_may_change_other_values_each_time_it_runs() {
    type Act = fn(&Session, u32);
    let acts: [(&str, Act); 4] = [
        ("insert", |session, run| {
            let _ = session.insert("runs", run);
        }),
        ("update", |session, _| {
            let _ = session.update("runs", |n: Option<u32>| n.unwrap_or(0) + 1);
        }),
        ("cycle", |session, _| drop(session.cycle())),
        ("toggle", |session, run| {
            if run % 2 == 0 {
                let _ = session.remove("runs");
            } else {
                let _ = session.insert("runs", run);
            }
        }),
    ];
    for (what, act) in acts {
        let (first, saved, stored) = ends(move || {
            let (sessions, shelf) = start();
            let cookie = begin(&sessions);
            let request = open(&sessions, &cookie);
            let session = load(&request);
            let add = adds_and(&session, act);
            let first = session.update("n", add.clone()).unwrap();
            during_a_save(&shelf, &session, || {
                session.update("n", add.clone()).unwrap();
            })
            .unwrap();
            let saved = session.get::<u32>("n").unwrap();
            let reply = finish(&request, 200).unwrap();
            let cookie = id_of(&reply).unwrap_or(cookie);
            let stored = load(&open(&sessions, &cookie)).get::<u32>("n").unwrap();
            (first, saved, stored)
        });
        assert_eq!((first, saved, stored), (1, Some(2), Some(2)), "{what}");
    }
}

#[test]
fn an_updates_closure_that_changes_its_own_value_is_an_error() {
    let (error, n) = ends(|| {
        let (sessions, _) = start();
        let request = open(&sessions, &begin(&sessions));
        let session = load(&request);
        let add = adds_and(&session, |session, run| {
            session.insert("n", 10 * run).unwrap();
        });
        let error = session.update("n", add).unwrap_err();
        drop(finish(&request, 200).unwrap());
        (error, session.get::<u32>("n").unwrap())
    });
    let SessionError::Contended { attempts } = error else {
        panic!("{error}");
    };
    // What it wrote itself stays, and nothing of the update.
    assert_eq!(n, Some(10 * attempts));
}

#[test]
fn a_save_ends_though_a_closure_changes_its_own_value() {
    let (saved, shown) = ends(|| {
        let (sessions, shelf) = start();
        let request = open(&sessions, &begin(&sessions));
        let session = load(&request);
        // It begins to do so only when the save is under way.
        let is_late = Arc::new(AtomicBool::new(false));
        let late = Arc::clone(&is_late);
        let add = adds_and(&session, move |session, _| {
            if late.load(Relaxed) {
                let _ = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1);
            }
        });
        session.insert("k", 1).unwrap();
        let saved = during_a_save(&shelf, &session, || {
            session.update("n", add).unwrap();
            is_late.store(true, Relaxed);
        });
        drop(finish(&request, 200).unwrap());
        (saved, session.contains("n") && session.contains("k"))
    });
    assert!(saved.is_ok() && shown);
}

#[test]
fn a_create_whose_answer_was_lost_leaves_no_second_session() {
    type Act = fn(&RequestSession);
    let acts: [(&str, Act, usize); 3] = [
        ("again", |session| block_on(session.save()).unwrap(), 1),
        ("at the end", |_| {}, 1),
        ("logout", |session| session.destroy().unwrap(), 0),
    ];
    for (name, act, expected) in acts {
        let (sessions, shelf) = start();
        let request = open(&sessions, "");
        let session = load(&request);
        session.sign_in("ada").unwrap();
        shelf.loses_answer.store(true, Relaxed);
        assert!(block_on(session.save()).is_err());
        act(&session);
        drop(finish(&request, 200).unwrap());
        assert_eq!(rows(&shelf), expected, "{name}");
        let devices = block_on(sessions.devices("ada")).unwrap();
        assert_eq!(devices.len(), expected, "{name}");
    }
}
