mod entry;
mod invalidations;
mod invalidator;
mod listener;
mod notices;
mod options;
mod tier;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{Command, Device, Digest, Key, Outcome, Record, Revoke, Store, StoreError};
use time::OffsetDateTime;

use self::invalidations::Scope;
pub use self::invalidator::Invalidator;
use self::listener::Listener;
pub use self::notices::{Notice, Notices, Notifies};
pub use self::options::CachedOptions;
use self::tier::Tier;

/// Keeps recently read sessions in this process, in front of any other store.
///
/// Every write goes to the store, and every load that the cache can't answer. Clones are the same
/// cache.
///
/// - What **this node** did is seen at once. A write, a logout or a revocation ends what is cached of
///   these sessions, and what a load under way is about to cache. So does a write that failed, was
///   refused or was cancelled, as it may have been applied.
/// - What **another node** did is seen within [`CachedOptions::stale_for`] (a second by default),
///   counted from before the store was asked; at once if the store notifies us, see
///   [`listening`](Self::listening). The same holds for a write that takes effect after its failure
///   was reported.
/// - No cached session is served past its end, nor when a clock goes back.
/// - A cached session answers only to its present secret; every other one is the store's to judge.
///   So a secret that another node has issued works here at once.
/// - Only live sessions are cached. Made-up ids take no space in the cache.
/// - An update stays exact: the store refuses one that builds on a stale state, and the next load
///   asks the store.
/// - During an outage sessions that were just read can still be read, no longer than they may be
///   stale; every write fails.
///
/// A command costs the store what it costs without a cache.
///
/// ```
/// use session_core::{Policy, Sessions};
/// use session_store::{CachedOptions, CachedStore};
/// # use session_testkit::ModelStore as SqliteStore;
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// # let store = SqliteStore::new();
/// let options = CachedOptions::new().stale_for(Duration::from_millis(500));
/// let cached = CachedStore::with(Arc::new(store), &options)?;
/// let sessions = Sessions::new(Policy::default(), cached);
/// # drop(sessions);
/// # Ok::<(), session_core::StoreError>(())
/// ```
#[derive(Clone)]
pub struct CachedStore {
    store: Arc<dyn Store>,
    tier: Arc<Tier>,
    listener: Option<Arc<Listener>>,
}

impl CachedStore {
    /// Puts a cache with the defaults of [`CachedOptions`] in front of a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::assemble(store, &CachedOptions::new())
    }

    /// Puts a cache in front of a store.
    ///
    /// # Errors
    ///
    /// An option makes no sense; the message says which.
    pub fn with(store: Arc<dyn Store>, options: &CachedOptions) -> Result<Self, StoreError> {
        options.check()?;
        Ok(Self::assemble(store, options))
    }

    /// Puts a cache in front of a store that notifies us of other nodes' writes, and listens to it.
    ///
    /// What another node does is then seen as soon as the notice arrives. While there is no
    /// connection it is seen within [`CachedOptions::stale_for`], as without a listener: that
    /// bound holds whatever is lost. A task connects again, and then forgets all that was cached
    /// before. The task ends with the last clone of this store.
    ///
    /// | store | source of the notices | what it costs |
    /// |---|---|---|
    /// | `RedisStore` | the server, for every write by anybody (client tracking) | writers nothing |
    /// | `PostgresStore` | the writers, if `PostgresOptions::notify` says so | see there |
    /// | others | none; an [`Invalidator`] may be driven by hand | |
    ///
    /// ```no_run
    /// # #[cfg(feature = "redis")]
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// use session_core::{Policy, Sessions};
    /// use session_store::{CachedOptions, CachedStore, RedisStore};
    /// use std::sync::Arc;
    ///
    /// let store = Arc::new(RedisStore::open("redis://localhost").await?);
    /// let cached = CachedStore::listening(store, &CachedOptions::new()).await?;
    /// let sessions = Sessions::new(Policy::default(), cached);
    /// # drop(sessions);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// An option makes no sense, or the store can't be listened to; the message says why.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or in one without time.
    pub async fn listening(
        store: Arc<dyn Notifies>,
        options: &CachedOptions,
    ) -> Result<Self, StoreError> {
        let mut cached = Self::with(Arc::clone(&store) as Arc<dyn Store>, options)?;
        let listener = Listener::start(store, cached.invalidator()).await?;
        cached.listener = Some(Arc::new(listener));
        Ok(cached)
    }

    /// Says whether other nodes' writes are seen at once: it listens, and has a connection.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        let listener = self.listener.as_ref();
        listener.is_some_and(|listener| listener.is_listening())
    }

    /// Returns a handle through which this cache is told of other nodes' writes.
    #[must_use]
    pub fn invalidator(&self) -> Invalidator {
        Invalidator::of(Arc::clone(&self.tier))
    }

    fn assemble(store: Arc<dyn Store>, options: &CachedOptions) -> Self {
        Self {
            store,
            tier: Arc::new(Tier::new(options)),
            listener: None,
        }
    }
}

impl fmt::Debug for CachedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CachedStore({:?})", self.store)
    }
}

#[async_trait]
impl Store for CachedStore {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        let reading = self.tier.reading(now);
        if let Some(record) = self.tier.get(key, secret, &reading) {
            return Ok(Some(record));
        }
        let found = self.store.load(key, secret, now).await?;
        if let Some(record) = &found {
            self.tier.insert(key, secret, record, reading);
        }
        Ok(found)
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let _guard = self.tier.invalidations.guard(Scope::Key(command.key()));
        self.store.write(command, now).await
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        self.tier.sweep(now);
        self.store.sweep(now, limit).await
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        self.store.devices(owner, now).await
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let _guard = self.tier.invalidations.guard(Scope::Owner(owner));
        self.store.revoke(owner, which, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}
