//! The blocking store passes the suite, from any thread and inside a runtime.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "blocking", feature = "memory"))]

use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Revision,
    Store, StoreError, Whose,
};
use session_store::{BlockingStore, MemoryStore};
use session_testkit::{
    FaultyStore, ModelStore, changed, digest_of, key_of, moment_at, record_of, store_suite,
};

const THREADS: u64 = 8;
const ROUNDS: u32 = 50;

fn memory() -> BlockingStore {
    BlockingStore::new(Arc::new(MemoryStore::new())).unwrap()
}

#[cfg(feature = "sqlite")]
fn sqlite(directory: &tempfile::TempDir) -> BlockingStore {
    let path = directory.path().join("sessions.db");
    BlockingStore::open(session_store::SqliteStore::open(path)).unwrap()
}

fn insert(store: &BlockingStore, number: u64) -> Result<Outcome, StoreError> {
    let (key, record) = (&key_of(number), &record_of(1));
    store.write(Command::Insert { key, record }, moment_at(0))
}

fn load(store: &BlockingStore, number: u64) -> Option<Record> {
    let found = store.load(&key_of(number), &digest_of(0), moment_at(0));
    found.unwrap()
}

/// Raises a record's revision by one, concurrently with other threads.
fn raise(store: &BlockingStore, number: u64) {
    let key = &key_of(number);
    loop {
        let old = load(store, number).unwrap();
        let state = old.revision.to_i64() + 1;
        let replace = Command::Replace {
            key,
            expected: old.revision,
            record: &changed!(old, revision = Revision::from_i64(state)),
        };
        if store.write(replace, moment_at(0)).unwrap() == Outcome::Applied {
            return;
        }
    }
}

/// Has every thread raise a record of its own and a common one.
fn threads_neither_lose_nor_block(store: &BlockingStore) {
    assert_eq!(insert(store, 0).unwrap(), Outcome::Applied);
    thread::scope(|scope| {
        for thread in 1..=THREADS {
            scope.spawn(move || {
                assert_eq!(insert(store, thread).unwrap(), Outcome::Applied);
                for _ in 0..ROUNDS {
                    raise(store, 0);
                    assert_eq!(load(store, thread), Some(record_of(1)));
                }
            });
        }
    });
    let all = load(store, 0).unwrap();
    let raised = i64::from(ROUNDS) * i64::try_from(THREADS).unwrap();
    assert_eq!(all.revision.to_i64(), 1 + raised);
    assert_eq!(store.estimate().unwrap(), Some(9));
    assert_eq!(store.sweep(moment_at(100), 100).unwrap(), 9);
}

#[test]
fn memory_stands_threads() {
    threads_neither_lose_nor_block(&memory());
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_stands_threads() {
    let directory = tempfile::tempdir().unwrap();
    threads_neither_lose_nor_block(&sqlite(&directory));
}

#[cfg(feature = "sqlite")]
#[test]
fn sessions_outlive_the_store() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(insert(&sqlite(&directory), 1).unwrap(), Outcome::Applied);
    assert_eq!(load(&sqlite(&directory), 1), Some(record_of(1)));
}

/// An async store around a blocking one, which is called from the polling thread.
#[derive(Debug)]
struct Through(BlockingStore);

#[async_trait]
impl Store for Through {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.0.load(key, secret, now)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.0.write(command, now)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(now, limit)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.0.devices(owner, from, now, limit)
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.0.revoke(whose, now)
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.0.walk(from, limit, now)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.check()
    }
}

#[tokio::test]
async fn it_passes_the_suite_on_the_only_thread_of_a_runtime() {
    let make = async || Arc::new(Through(memory())) as Arc<dyn Store>;
    store_suite("blocking, on a runtime", make).await;
}

#[test]
fn it_passes_the_suite_without_a_runtime() {
    let make = async || Arc::new(Through(memory())) as Arc<dyn Store>;
    pollster::block_on(store_suite("blocking", make));
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_opens_answers_and_ends_inside_a_runtime() {
    let directory = tempfile::tempdir().unwrap();
    let store = sqlite(&directory);
    assert_eq!(insert(&store, 1).unwrap(), Outcome::Applied);
    let other = store.clone();
    let blocking = tokio::task::spawn_blocking(move || insert(&other, 1).unwrap());
    assert_eq!(blocking.await.unwrap(), Outcome::Refused);
    let inner = Arc::new(Through(store));
    let outer = BlockingStore::new(inner).unwrap();
    assert!(load(&outer, 1).is_some());
    drop(outer);
}

#[test]
fn errors_come_through() {
    let faulty = FaultyStore::new(ModelStore::new());
    let store = BlockingStore::new(Arc::new(faulty.clone())).unwrap();
    faulty.go_down();
    assert!(store.check().is_err());
    let load = || store.load(&key_of(1), &digest_of(0), moment_at(0));
    assert!(load().is_err());
    faulty.come_up();
    assert!(store.check().is_ok());
    assert!(load().is_ok());
    let refused = BlockingStore::open(async {
        Err::<ModelStore, _>(StoreError::new("there is no such store"))
    });
    assert_eq!(refused.unwrap_err().to_string(), "there is no such store");
}
