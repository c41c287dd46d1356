//! How often a request allocates; the figures may fall, never creep up.
#![allow(clippy::unwrap_used)]

mod util;

use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use session_core::{Finish, Policy, Reply, Request, RequestSession, Sessions};
use util::shelf::Shelf;

/// Eight cookies, ours the last.
const HEADER: &str = "_ga=GA1.1.1234567890.1700000000; _gid=GA1.1.987654321; theme=dark; \
    lang=en-GB; consent=yes; csrftoken=abcdefghijklmnopqrstuvwxyz; ref=newsletter; \
    __Host-session=";

/// Runs what never waits; an executor would allocate.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

fn load(request: &Request) -> RequestSession {
    at_once(request.handle().load()).unwrap()
}

fn finish(request: &Request) -> Reply {
    match request.finish(200).unwrap() {
        Finish::Done(reply) => reply,
        Finish::Pending(commit) => at_once(commit.run()).unwrap(),
    }
}

/// A session of ten values, a kilobyte in all; returns the header that presents it.
fn begin(sessions: &Sessions) -> String {
    let request = sessions.open([]);
    let session = load(&request);
    for number in 0..10 {
        session
            .insert(&format!("key{number}"), "x".repeat(90))
            .unwrap();
    }
    let reply = finish(&request);
    format!("{HEADER}{}", util::id_of(&reply).unwrap())
}

fn allocations(what: &str, limit: u64, act: impl FnOnce()) {
    let counted = measure(act);
    let count = counted.count_total;
    println!(
        "{what}: {count} allocations, {} bytes (limit {limit})",
        counted.bytes_total
    );
    assert!(
        count <= limit,
        "{what}: {count} allocations, {limit} allowed"
    );
}

#[test]
fn no_request_allocates_more_than_it_must() {
    let sessions = Sessions::shared(Policy::default(), Arc::new(Shelf::default()));
    let header = begin(&sessions);
    let cookies = || [header.as_bytes()];
    // What is warm once stays warm: SHA-256's feature detection and the like.
    let warm = sessions.open(cookies());
    load(&warm).get::<String>("key0").unwrap();
    drop(finish(&warm));

    allocations("untouched, no cookie", 1, || {
        let request = black_box(sessions.open([]));
        drop(black_box(finish(&request)));
    });
    allocations("untouched, eight cookies", 1, || {
        let request = black_box(sessions.open(cookies()));
        drop(black_box(finish(&request)));
    });
    allocations("read one of ten", 5, || {
        let request = sessions.open(cookies());
        let session = load(&request);
        black_box(session.get::<String>("key5").unwrap());
        drop(finish(&request));
    });
    // One is the index of the new values, which the next request finds.
    allocations("write one of ten", 10, || {
        let request = sessions.open(cookies());
        let session = load(&request);
        session.insert("key5", 7).unwrap();
        drop(finish(&request));
    });
    allocations("update one of ten", 11, || {
        let request = sessions.open(cookies());
        let session = load(&request);
        let count = |old: Option<u32>| old.unwrap_or(0) + 1;
        black_box(session.update("key5", count).unwrap());
        drop(finish(&request));
    });
    allocations("create", 8, || {
        let request = sessions.open([]);
        let session = load(&request);
        session.insert("key", 7).unwrap();
        drop(finish(&request));
    });
}
