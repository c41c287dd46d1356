//! What happens when the server is killed or frozen.

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

/// The time-out of the stores that are tested so.
pub const TIMEOUT: Duration = Duration::from_secs(1);

/// Twice the time-out, and what a busy machine needs.
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
                // A write whose answer was lost, tried again: nobody was told that it is there.
                Ok(Outcome::Refused) => {}
                Err(_) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    // The others have to get a turn too where nothing ever waits.
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

/// Kills a server while sessions are written, and starts it again.
pub async fn kill_under_load(store: Arc<dyn Store>, kill: impl FnOnce(), restart: impl FnOnce()) {
    let traffic = Arc::new(Traffic::default());
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let (traffic, store) = (Arc::clone(&traffic), Arc::clone(&store));
            tokio::spawn(async move { traffic.write(&*store).await })
        })
        .collect();
    traffic.until(&traffic.applied, 300).await;
    tokio::task::block_in_place(kill);
    traffic.until(&traffic.failed, 50).await;
    tokio::task::block_in_place(restart);
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

/// Freezes a server, asks it for more than there are connections, and lets it go on.
pub async fn freeze(store: Arc<dyn Store>, freeze: impl FnOnce(), thaw: impl FnOnce()) {
    let inserted = insert(&*store, 0).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
    tokio::task::block_in_place(freeze);
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
    tokio::task::block_in_place(thaw);
    let inserted = insert(&*store, 41).await;
    assert_eq!(inserted.unwrap(), Outcome::Applied);
    // What was not answered may have been done; nothing is half done.
    for number in 1..=40 {
        let found = load(&*store, &key_of(number)).await;
        assert!(found.is_none_or(|found| found == record_of(1)));
    }
    store.check().await.unwrap();
}

/// Gives calls up at every moment of theirs: what is left behind disturbs nobody.
pub async fn give_up(store: Arc<dyn Store>) {
    for number in 0..200 {
        let key = &key_of(number);
        let record = &record_of(u32::try_from(number).unwrap());
        let limit = Duration::from_micros(number * 20);
        let insert = store.write(Command::Insert { key, record }, moment_at(0));
        let given_up = tokio::time::timeout(limit, insert).await.is_err();
        let found = load(&*store, key).await;
        let is_right = found.map(|found| found == *record);
        assert!(is_right.unwrap_or(given_up), "session {number}");
    }
}

/// Cuts the connection on which a session begins or changes, before or after that is done: it is
/// done once.
pub async fn cut(store: Arc<dyn Store>, proxy: &FaultProxy) {
    let sessions = Sessions::shared(Policy::default(), store);
    // So that all is prepared on a connection that is idle then.
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
                // What was loaded is written next.
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
