//! Commits at the end: in one, and of requests that overlap.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use pollster::block_on;
use session_core::{Policy, Request, SessionError, Sessions, Store};

use crate::request::{begin, finish, load, open, read, start};
use crate::util::id_of;
use crate::util::shelf::Shelf;

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
fn overlapping_writes_make_no_session_larger_than_the_limit() {
    let shelf = Arc::new(Shelf::default());
    let store: Arc<dyn Store> = Arc::<Shelf>::clone(&shelf);
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
