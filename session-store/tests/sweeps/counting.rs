use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use session_core::{Moment, Store, StoreError};
use session_testkit::{Around, Wrapped};
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
    pub fn wrapping(store: Arc<dyn Store>, counts: Arc<Counts>) -> Wrapped<Self> {
        Wrapped(Self { store, counts })
    }
}

#[async_trait]
impl Around for CountingStore {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let swept = self.store.sweep(now, limit).await.unwrap();
        assert!(swept <= limit, "{swept} of at most {limit}");
        self.counts.swept.fetch_add(swept, Ordering::SeqCst);
        self.counts.batches.fetch_add(1, Ordering::SeqCst);
        self.counts.largest.fetch_max(swept, Ordering::SeqCst);
        self.counts.moved.notify_one();
        Ok(swept)
    }
}
