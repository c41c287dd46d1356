use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError,
};
use time::OffsetDateTime;
use tokio::sync::Notify;

/// Counts of swept sessions, shared by all sweepers.
#[derive(Debug, Default)]
pub struct Counts {
    swept: AtomicUsize,
    batches: AtomicUsize,
    largest: AtomicUsize,
    moved: Notify,
}

impl Counts {
    pub fn swept(&self) -> usize {
        self.swept.load(Ordering::SeqCst)
    }

    pub fn batches(&self) -> usize {
        self.batches.load(Ordering::SeqCst)
    }

    pub fn largest(&self) -> usize {
        self.largest.load(Ordering::SeqCst)
    }

    /// Waits until `goal` sessions were swept.
    pub async fn until(&self, goal: usize) {
        while self.swept() < goal {
            self.moved.notified().await;
        }
    }
}

/// A wrapper that counts the swept sessions of a store.
#[derive(Debug, Clone)]
pub struct CountingStore {
    store: Arc<dyn Store>,
    counts: Arc<Counts>,
}

impl CountingStore {
    pub fn new(store: Arc<dyn Store>, counts: Arc<Counts>) -> Self {
        Self { store, counts }
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        self.store.load(key, secret, now).await
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        self.store.write(command, now).await
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let swept = self.store.sweep(now, limit).await.unwrap();
        assert!(swept <= limit, "{swept} of at most {limit}");
        self.counts.swept.fetch_add(swept, Ordering::SeqCst);
        self.counts.batches.fetch_add(1, Ordering::SeqCst);
        self.counts.largest.fetch_max(swept, Ordering::SeqCst);
        self.counts.moved.notify_one();
        Ok(swept)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.store.devices(owner, from, now, limit).await
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        self.store.revoke(owner, which, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}
