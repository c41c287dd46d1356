//! A service's future after which its request is finished, as axum and actix-web poll it.
#![allow(clippy::unwrap_used)]

use std::future::{pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pollster::block_on;
use session_core::{
    Answers, CommitError, Guarded, Policy, Reply, Request, RequestSession, Sessions,
};
use session_testkit::{FaultyStore, ModelStore, SpyStore};

/// The adapter of a framework whose responses are their statuses; 0 stands for no response.
struct Statuses;

impl Answers<u16> for Statuses {
    type Answer = (u16, Option<String>);

    fn status(outcome: &u16) -> Option<u16> {
        (*outcome != 0).then_some(*outcome)
    }

    fn answer(_: &Request, outcome: u16, committed: Result<Reply, CommitError>) -> Self::Answer {
        let (status, reply) = match committed {
            Ok(reply) => (outcome, reply),
            Err(failed) => (failed.error().status(), failed.into_parts().1),
        };
        (status, reply.set_cookie().map(ToOwned::to_owned))
    }
}

/// Polls once, as a runtime does that has other things to do.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn visits(request: &Request) -> RequestSession {
    let session = request.handle().load().await.unwrap();
    session.insert("visits", 1).unwrap();
    session
}

#[test]
fn what_a_handler_leaves_is_committed_by_its_status() {
    for (outcome, writes, (status, sets)) in [
        (200, true, (200, true)),
        (404, true, (404, true)),
        // An error of the server drops what was changed; without a response there is nothing to answer with.
        (500, true, (500, false)),
        (0, true, (0, false)),
        (200, false, (200, false)),
    ] {
        let spy = SpyStore::new(ModelStore::new());
        let request = Sessions::new(Policy::default(), spy.clone()).open([]);
        if writes {
            block_on(visits(&request));
        }
        let guarded = Guarded::<_, Statuses>::new(request, ready(outcome));
        let (answered, cookie) = block_on(guarded);
        assert_eq!((answered, cookie.is_some()), (status, sets), "{outcome}");
        assert_eq!(spy.calls().insert, usize::from(sets), "{outcome}");
    }
}

#[test]
fn a_store_that_fails_is_the_answer() {
    let store = FaultyStore::new(ModelStore::new());
    let request = Sessions::new(Policy::default(), store.clone()).open([]);
    block_on(visits(&request));
    store.go_down();
    let guarded = Guarded::<_, Statuses>::new(request, ready(200));
    assert_eq!(block_on(guarded), (503, None));
}

#[test]
fn a_commit_goes_on_where_it_waited_and_an_answered_future_has_nothing_more() {
    let store = FaultyStore::new(ModelStore::new());
    let request = Sessions::new(Policy::default(), store.clone()).open([]);
    block_on(visits(&request));
    let gate = store.pause_before(1);
    let mut guarded = Box::pin(Guarded::<_, Statuses>::new(request, ready(200)));
    assert!(poll(guarded.as_mut()).is_pending());
    gate.open();
    let Poll::Ready((200, Some(_))) = poll(guarded.as_mut()) else {
        panic!("it has not gone on");
    };
    assert!(poll(guarded.as_mut()).is_pending());
}

#[test]
fn a_handler_that_is_dropped_commits_nothing() {
    let spy = SpyStore::new(ModelStore::new());
    let request = Sessions::new(Policy::default(), spy.clone()).open([]);
    let session = block_on(visits(&request));
    let mut guarded = Box::pin(Guarded::<_, Statuses>::new(request, pending()));
    assert!(poll(guarded.as_mut()).is_pending());
    assert!(format!("{guarded:?}").starts_with("Guarded("));
    drop(guarded);
    assert_eq!(spy.calls().writes(), 0);
    assert!(session.insert("late", 1).is_err());
}
