//! Many requests that write to one session at once, on a store that takes its time.
#![allow(clippy::unwrap_used)]

mod util;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::{FutureExt, pin_mut};
use pollster::block_on;
use session_core::{
    Command, CommitError, Digest, Key, Moment, Outcome, Policy, Record, Reply, Request,
    RequestSession, Session, Sessions, Store, StoreError,
};
use session_testkit::{Around, Wrapped};
use util::shelf::Shelf;
use util::{id_of, key_of, outage};

/// Lets everybody else go on before it answers.
#[derive(Debug, Default)]
struct Slow {
    shelf: Shelf,
    /// What is asked of this key is never answered.
    stuck: Mutex<Option<Key>>,
    /// Writes fail, and reads do not.
    is_read_only: AtomicBool,
    /// How many calls are under way, and the most that ever were.
    crowd: Mutex<(usize, usize)>,
}

impl Slow {
    async fn wait(&self, key: &Key) {
        if *self.stuck.lock().unwrap() == Some(*key) {
            pending::<()>().await;
        }
        {
            let mut crowd = self.crowd.lock().unwrap();
            crowd.0 += 1;
            crowd.1 = crowd.1.max(crowd.0);
        }
        let has_waited = AtomicBool::new(false);
        poll_fn(|context| {
            if has_waited.swap(true, Relaxed) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        self.crowd.lock().unwrap().0 -= 1;
    }

    fn stick(&self, cookie: Option<&str>) {
        *self.stuck.lock().unwrap() = cookie.map(key_of);
    }
}

#[async_trait]
impl Around for Slow {
    fn store(&self) -> &dyn Store {
        &self.shelf
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.wait(key).await;
        self.shelf.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.wait(command.key()).await;
        if self.is_read_only.load(Relaxed) {
            return Err(outage());
        }
        self.shelf.write(command, now).await
    }
}

fn start() -> (Sessions, Arc<Wrapped<Slow>>) {
    let slow = Arc::new(Wrapped(Slow::default()));
    let store: Arc<dyn Store> = Arc::<Wrapped<Slow>>::clone(&slow);
    (Sessions::shared(Policy::default(), store), slow)
}

fn open(sessions: &Sessions, cookie: &str) -> (Request, RequestSession) {
    let header = format!("__Host-session={cookie}");
    let request = sessions.open([header.as_bytes()]);
    let session = block_on(request.handle().load()).unwrap();
    (request, session)
}

async fn finish(request: &Request) -> Result<Reply, CommitError> {
    request.commit(200).await
}

fn begin(sessions: &Sessions) -> String {
    let (request, session) = open(sessions, "");
    session.insert("n", 0).unwrap();
    id_of(&block_on(finish(&request)).unwrap()).unwrap()
}

fn add(session: &Session) {
    let counted = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1);
    counted.unwrap();
}

/// Requests that have all loaded the session and changed it, and none has committed.
fn overlapping(sessions: &Sessions, cookie: &str, count: usize) -> Vec<Request> {
    let begin = || {
        let (request, session) = open(sessions, cookie);
        add(&session);
        request
    };
    (0..count).map(|_| begin()).collect()
}

fn stored(sessions: &Sessions, cookie: &str) -> u32 {
    open(sessions, cookie).1.get("n").unwrap().unwrap()
}

fn writes(calls: &str) -> usize {
    calls.split(' ').filter(|call| *call == "replace").count()
}

#[test]
fn overlapping_updates_are_exact_and_each_is_written_at_most_twice() {
    let (sessions, slow) = start();
    let cookie = begin(&sessions);
    let requests = overlapping(&sessions, &cookie, 100);
    slow.shelf.take_calls();
    for reply in block_on(join_all(requests.iter().map(finish))) {
        assert!(!reply.unwrap().is_gone());
    }
    let writes = writes(&slow.shelf.take_calls());
    assert!(writes < 200, "{writes} writes of 100 requests");
    assert_eq!(stored(&sessions, &cookie), 100);
}

#[test]
fn of_two_processes_neither_waits_for_the_other_nor_loses_anything() {
    let (sessions, slow) = start();
    let other = Sessions::shared(Policy::default(), Arc::clone(sessions.store()));
    let cookie = begin(&sessions);
    let mut requests = overlapping(&sessions, &cookie, 20);
    requests.extend(overlapping(&other, &cookie, 20));
    slow.shelf.take_calls();
    for reply in block_on(join_all(requests.iter().map(finish))) {
        drop(reply.unwrap());
    }
    assert!(writes(&slow.shelf.take_calls()) < 160);
    assert_eq!(stored(&sessions, &cookie), 40);
}

#[test]
fn a_rotation_among_overlapping_updates_loses_none_of_them() {
    let (sessions, _) = start();
    let cookie = begin(&sessions);
    let requests = overlapping(&sessions, &cookie, 20);
    block_on(requests[10].handle().load())
        .unwrap()
        .cycle()
        .unwrap();
    let replies = block_on(join_all(requests.iter().map(finish)));
    let cookies = replies.into_iter().map(|reply| id_of(&reply.unwrap()));
    let cookies: Vec<String> = cookies.flatten().collect();
    let [rotated] = &cookies[..] else {
        panic!("one request rotates the secret: {}", cookies.len());
    };
    assert_ne!(*rotated, cookie);
    assert_eq!(stored(&sessions, rotated), 20);
    assert_eq!(stored(&sessions, &cookie), 20);
}

#[test]
fn who_waits_for_a_turn_delays_nobody_else_and_gives_it_back() {
    let (sessions, slow) = start();
    let cookie = begin(&sessions);
    let requests = overlapping(&sessions, &cookie, 3);
    drop(block_on(finish(&requests[0])).unwrap());
    {
        let (first, second) = (finish(&requests[1]), finish(&requests[2]));
        pin_mut!(first, second);
        // Both are refused; the first has its turn and hangs in the store, the second waits for it.
        for _ in 0..2 {
            assert!(first.as_mut().now_or_never().is_none());
        }
        slow.stick(Some(&cookie));
        for _ in 0..4 {
            assert!(first.as_mut().now_or_never().is_none());
            assert!(second.as_mut().now_or_never().is_none());
        }
        // More sessions than there are turns, so that some share the one that is taken.
        for _ in 0..300 {
            let other = begin(&sessions);
            let (request, session) = open(&sessions, &other);
            add(&session);
            drop(block_on(finish(&request)).unwrap());
        }
        // Both clients hang up.
    }
    slow.stick(None);
    let late = overlapping(&sessions, &cookie, 5);
    for reply in block_on(join_all(late.iter().map(finish))) {
        drop(reply.unwrap());
    }
    assert_eq!(stored(&sessions, &cookie), 6);
}

#[test]
fn in_an_outage_nobody_sits_out_the_time_outs_of_others() {
    for is_half in [false, true] {
        let (sessions, slow) = start();
        let outage = if is_half {
            &slow.is_read_only
        } else {
            &slow.shelf.is_down
        };
        let cookie = begin(&sessions);
        let requests = overlapping(&sessions, &cookie, 20);
        let all = join_all(requests.iter().map(finish));
        pin_mut!(all);
        // Until all but one are refused and the first of them has its turn.
        while writes(&slow.shelf.calls.lock().unwrap().join(" ")) < 20 {
            assert!(all.as_mut().now_or_never().is_none());
        }
        outage.store(true, Relaxed);
        slow.crowd.lock().unwrap().1 = 0;
        let failed = block_on(all).into_iter().filter(Result::is_err).count();
        assert_eq!(failed, 19);
        let (_, most) = *slow.crowd.lock().unwrap();
        assert!(most >= 18, "{most} asked at once");

        // When it is back, the first who contend find that out, and then turns are taken again.
        outage.store(false, Relaxed);
        for (total, most) in [(21, 400), (41, 40)] {
            let late = overlapping(&sessions, &cookie, 20);
            slow.shelf.take_calls();
            for reply in block_on(join_all(late.iter().map(finish))) {
                drop(reply.unwrap());
            }
            let written = writes(&slow.shelf.take_calls());
            assert!(written <= most, "{written} writes");
            assert_eq!(stored(&sessions, &cookie), total);
        }
    }
}
