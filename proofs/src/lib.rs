//! What the proofs have in common: a store that counts and can be held up between any two steps, keys, records, and the runner.
//!
//! The crates under test are the product's sources, compiled with Shuttle's locks and atomics in place of the standard library's
//! (`std/src/lib.rs`). No line of theirs knows of it. Shuttle runs the threads of a test one at a time, and at each access
//! to a lock or an atomic decides who goes on; a thread that waits for ever is reported as a deadlock. Orders of
//! memory that only hardware shows (`Relaxed` that is too weak) are not tried.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Entropy, EntropyError, Key, Moment, Outcome, PublicId,
    Record, Revision, Store, StoreError, Whose,
};
use session_store::MemoryStore;
use shuttle::future::yield_now;

/// Runs a test in many orders: random ones, and such as show bugs of few preemptions most likely.
pub fn in_many_orders(test: impl Fn() + Send + Sync + Clone + 'static) {
    let count = match std::env::var("ORDERS") {
        Ok(count) => count.parse().expect("ORDERS is a number"),
        Err(_) => 400,
    };
    shuttle::check_random(test.clone(), count);
    shuttle::check_pct(test, count, 3);
}

/// The memory store, before and after each call of which another task may go on; loads are counted.
#[derive(Debug, Clone, Default)]
pub struct Halting {
    pub store: MemoryStore,
    loads: std::sync::Arc<AtomicUsize>,
}

impl Halting {
    /// Returns the number of loads.
    #[must_use]
    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Store for Halting {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        let found = self.store.load(key, secret, now).await;
        yield_now().await;
        found
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        yield_now().await;
        let outcome = self.store.write(command, now).await;
        yield_now().await;
        outcome
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.store.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.store.revoke(whose, now).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.store.walk(from, limit, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Bytes that count up, so that a failure can be replayed.
#[derive(Debug, Default)]
pub struct Counter(AtomicUsize);

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            chunk.copy_from_slice(&number.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

/// Returns a key, whose last byte says under which lock it is.
#[must_use]
pub fn key(number: u8) -> Key {
    Key::from_bytes(&[number; 16]).expect("16 bytes are a key")
}

/// Returns a record that ends at a second.
#[must_use]
pub fn record(revision: i64, owner: Option<&str>, end: i64) -> Record {
    let digest = Digest::from_bytes(&[7; 16]).expect("16 bytes are a digest");
    let mut record = Record::new(Revision::from_i64(revision), digest, second(0), second(end));
    record.owner = owner.map(Into::into);
    record.data = format!(r#"{{"n":{revision}}}"#).into();
    record
}

/// Returns the moment so many seconds after 1970.
#[must_use]
pub fn second(number: i64) -> Moment {
    Moment::UNIX_EPOCH + session_core::time::Duration::seconds(number)
}
