//! Servers that are killed or frozen, connections that break, and calls that are cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use session_core::{
    Command, Key, Outcome, Policy, Record, Session, SessionError, Sessions, Store, StoreError,
};
use session_servers::{Cut, FaultProxy};
use session_testkit::{digest_of, key_of, moment_at, record_of};
use tokio::sync::Notify;

use super::browser::Browser;
use super::{SERVER, fresh_store, fresh_url, is_missing};
use crate::{DATABASE, Options, Server, SqlStore};

/// The time-out of the stores in these tests.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Twice the time-out, and a margin for a busy machine.
const BOUND: Duration = Duration::from_secs(3);

async fn insert(store: &dyn Store, number: usize) -> Result<Outcome, StoreError> {
    let key = &key_of(number.try_into().unwrap());
    let record = &record_of(1);
    let asked = Instant::now();
    let outcome = store
        .write(Command::Insert { key, record }, moment_at(0))
        .await;
    assert!(asked.elapsed() < BOUND, "it took {:?}", asked.elapsed());
    outcome
}

async fn load(store: &dyn Store, key: &Key) -> Option<Record> {
    let found = store.load(key, &digest_of(0), moment_at(0)).await;
    found.unwrap()
}

#[derive(Default)]
struct Traffic {
    next: AtomicUsize,
    applied: AtomicUsize,
    failed: AtomicUsize,
    ends: AtomicBool,
    moved: Notify,
}

impl Traffic {
    /// Writes one session after the other, and returns those that were acknowledged.
    async fn write(&self, store: &dyn Store) -> Vec<usize> {
        let mut acknowledged = Vec::new();
        while !self.ends.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            match insert(store, number).await {
                Ok(Outcome::Applied) => {
                    acknowledged.push(number);
                    self.applied.fetch_add(1, Ordering::Relaxed);
                }
                // An attempt before this one was applied, and its answer was lost.
                Ok(Outcome::Refused) => {}
                Err(_) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    // Nothing else in this loop may wait.
                    tokio::task::yield_now().await;
                }
            }
            self.moved.notify_one();
        }
        acknowledged
    }

    async fn until(&self, counter: &AtomicUsize, more: usize) {
        let goal = counter.load(Ordering::Relaxed) + more;
        let reached = async {
            while counter.load(Ordering::Relaxed) < goal {
                self.moved.notified().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), reached).await;
        assert!(waited.is_ok(), "nothing moves any more");
    }
}

async fn hasty_store(server: &Server) -> Arc<SqlStore> {
    let options = Options::new(server.url(DATABASE)).timeout(TIMEOUT);
    Arc::new(SqlStore::open_with(options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_an_error_until_it_is_back_and_loses_nothing() {
    if is_missing() {
        return;
    }
    let mut server = Server::start().unwrap();
    let store = hasty_store(&server).await;
    let traffic = Arc::new(Traffic::default());
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (traffic, store) = (Arc::clone(&traffic), Arc::clone(&store));
            tokio::spawn(async move { traffic.write(&*store).await })
        })
        .collect();
    traffic.until(&traffic.applied, 300).await;
    tokio::task::block_in_place(|| server.kill());
    traffic.until(&traffic.failed, 50).await;
    tokio::task::block_in_place(|| server.restart().unwrap());
    traffic.until(&traffic.applied, 300).await;
    traffic.ends.store(true, Ordering::Relaxed);
    let mut count = 0;
    for writer in writers {
        for number in writer.await.unwrap() {
            let key = key_of(number.try_into().unwrap());
            let found = load(&*store, &key).await;
            assert_eq!(found, Some(record_of(1)), "session {number}");
            count += 1;
        }
    }
    assert!(count >= 600, "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_blocks_no_call_for_long() {
    if is_missing() {
        return;
    }
    let server = Server::start().unwrap();
    let store = hasty_store(&server).await;
    let inserted = insert(&*store, 0).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
    tokio::task::block_in_place(|| server.freeze().unwrap());
    // More calls than there are connections.
    let calls: Vec<_> = (1..=40)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { insert(&*store, number).await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err().to_string();
        assert!(error.contains("too long"), "{error}");
    }
    tokio::task::block_in_place(|| server.thaw().unwrap());
    let inserted = insert(&*store, 41).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
    // A call without an answer may have been applied, as a whole.
    for number in 1..=40 {
        let found = load(&*store, &key_of(number)).await;
        assert!(found.is_none_or(|found| found == record_of(1)));
    }
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_disturbs_no_other() {
    let Some(store) = fresh_store().await else {
        return;
    };
    for number in 0..200 {
        let key = &key_of(number);
        let record = &record_of(u32::try_from(number).unwrap());
        let limit = Duration::from_micros(number * 20);
        let insert = store.write(Command::Insert { key, record }, moment_at(0));
        let cancelled = tokio::time::timeout(limit, insert).await.is_err();
        let found = load(&store, key).await;
        let is_right = found.map(|found| found == *record);
        assert!(is_right.unwrap_or(cancelled), "session {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_done_once_although_the_connection_breaks() {
    if is_missing() {
        return;
    }
    let proxy = FaultProxy::to(SERVER.port()).unwrap();
    let [direct, other] = [SERVER.port(), proxy.port()].map(|port| format!(":{port}/"));
    let url = fresh_url().replace(&direct, &other);
    let store = SqlStore::open(url).await.unwrap();
    let sessions = Sessions::new(Policy::default(), store);
    // Prepares every statement on a connection that is idle afterwards.
    let warm = Browser::new(&sessions, "");
    for _ in 0..2 {
        warm.send(count).await.unwrap();
    }
    for cut in [Cut::BeforeRequest, Cut::BeforeResponse] {
        let owner = &*format!("{cut:?}");
        let browser = Browser::new(&sessions, "");
        proxy.cut(cut);
        let signed_in = browser.send(|session| session.sign_in(owner)).await;
        assert!(signed_in.is_ok(), "{cut:?}: {signed_in:?}");
        assert!(proxy.has_cut());
        assert!(browser.is_known().await);
        let devices = sessions.devices(owner).await.unwrap();
        assert_eq!(devices.len(), 1, "{cut:?}");

        for expected in 1..=2 {
            let counted = browser.send(|session| {
                // The next request after the load is the write.
                proxy.cut(cut);
                count(session)
            });
            assert_eq!(counted.await.unwrap(), expected, "{cut:?}");
            assert!(proxy.has_cut());
            let read = browser.send(|session| session.get::<u32>("count"));
            assert_eq!(read.await.unwrap(), Some(expected), "{cut:?}");
        }
    }
}

fn count(session: &Session) -> Result<u32, SessionError> {
    session.update("count", |count: Option<u32>| count.unwrap_or(0) + 1)
}
