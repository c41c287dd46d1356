use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

/// A wrapper that counts the calls to a store.
///
/// Clones share their counts: give one to the application and keep one in the test.
///
/// ```
/// use session_core::Store;
/// use session_testkit::{Calls, ModelStore, SpyStore, digest_of, key_of, moment_at};
///
/// # pollster::block_on(async {
/// let spy = SpyStore::new(ModelStore::new());
/// spy.load(&key_of(1), &digest_of(0), moment_at(0)).await.unwrap();
/// assert_eq!(spy.calls(), Calls { load: 1, ..Calls::default() });
/// assert_eq!(spy.take().total(), 1);
/// assert_eq!(spy.calls(), Calls::default());
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct SpyStore {
    store: Arc<dyn Store>,
    calls: Arc<Mutex<Calls>>,
}

/// The number of calls of each method of a store, including failed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "a test writes the counts that it expects"
)]
pub struct Calls {
    /// Calls of [`Store::load`].
    pub load: usize,
    /// Writes of [`Command::Insert`].
    pub insert: usize,
    /// Writes of [`Command::Replace`].
    pub replace: usize,
    /// Writes of [`Command::Touch`].
    pub touch: usize,
    /// Writes of [`Command::Delete`].
    pub delete: usize,
    /// Calls of [`Store::sweep`].
    pub sweep: usize,
    /// Calls of [`Store::devices`].
    pub devices: usize,
    /// Calls of [`Store::revoke`].
    pub revoke: usize,
    /// Calls of [`Store::walk`].
    pub walk: usize,
    /// Calls of [`Store::check`].
    pub check: usize,
}

impl Calls {
    /// Returns the number of all calls.
    #[must_use]
    pub fn total(&self) -> usize {
        self.load + self.writes() + self.sweep + self.devices + self.revoke + self.walk + self.check
    }

    /// Returns the number of calls of [`Store::write`].
    #[must_use]
    pub fn writes(&self) -> usize {
        self.insert + self.replace + self.touch + self.delete
    }
}

impl SpyStore {
    /// Wraps a store.
    pub fn new(store: impl Store) -> Self {
        Self::shared(Arc::new(store))
    }

    /// Wraps a store that may be in use elsewhere.
    #[must_use]
    pub fn shared(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            calls: Arc::default(),
        }
    }

    /// Returns the calls since the beginning or the last [`take`](Self::take).
    #[must_use]
    pub fn calls(&self) -> Calls {
        *self.count()
    }

    /// Returns the same and resets the counts.
    #[must_use = "to ignore the calls so far, assign them to `_`"]
    pub fn take(&self) -> Calls {
        std::mem::take(&mut *self.count())
    }

    fn count(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for SpyStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.count().load += 1;
        self.store.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        match command {
            Command::Insert { .. } => self.count().insert += 1,
            Command::Replace { .. } | Command::Move { .. } => self.count().replace += 1,
            Command::Touch { .. } => self.count().touch += 1,
            Command::Delete { .. } => self.count().delete += 1,
        }
        self.store.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.count().sweep += 1;
        self.store.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.count().devices += 1;
        self.store.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.count().revoke += 1;
        self.store.revoke(whose, now).await
    }

    async fn changed(&self, key: &Key) {
        self.store.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.count().walk += 1;
        self.store.walk(from, limit, now).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.store.estimate().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.count().check += 1;
        self.store.check().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        self.store.facts().await
    }

    fn id_form(&self) -> IdForm {
        self.store.id_form()
    }

    fn value_rule(&self) -> ValueRule {
        self.store.value_rule()
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
