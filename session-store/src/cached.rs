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
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

use self::invalidations::Scope;
pub use self::invalidator::Invalidator;
use self::listener::Listener;
pub use self::notices::{Notice, Notices, Notifies};
pub use self::options::CachedOptions;
use self::tier::Tier;

/// A small cache of recently read sessions in front of any other store.
///
/// Every write goes to the store, and so does every load that the cache can't answer. Clones are
/// the same cache.
///
/// - **This node's** writes are seen at once. A write, a logout or a revocation invalidates its
///   sessions in the cache and in loads that are still running. So does a write that failed, was
///   refused or was cancelled, because it may have been applied.
/// - **Other nodes'** writes are seen within [`CachedOptions::stale_for`], one second by default,
///   counted from before the load asked the store; at once if the store notifies us, see
///   [`listening`](Self::listening). The same holds for a write that takes effect after its failure
///   was reported, and for what a Django site writes to the table that it shares with us, logouts
///   included.
/// - A cached session is not served past its end, nor after a clock went back.
/// - A cached session answers only to its present secret; a load by another secret asks the store.
///   So a secret that another node issued works at once.
/// - Only live sessions are cached. Made-up ids take no space in the cache.
/// - Updates stay exact: the store refuses one that builds on a stale state, and the next load asks
///   the store.
/// - During an outage recently read sessions can be read for as long as they may be stale; every
///   write fails.
///
/// A write costs the store the same as without a cache.
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
    /// An option is out of range; the message says which.
    pub fn with(store: Arc<dyn Store>, options: &CachedOptions) -> Result<Self, StoreError> {
        options.check()?;
        Ok(Self::assemble(store, options))
    }

    /// Puts a cache in front of a store that notifies of writes, and listens to it.
    ///
    /// Another node's write is then seen as soon as its notice arrives, and without a connection
    /// within [`CachedOptions::stale_for`]. A background task reconnects, and then invalidates the
    /// whole cache. The task ends with the last clone of this store.
    ///
    /// | store | source of the notices | cost |
    /// |---|---|---|
    /// | `RedisStore` | the server, for every client's writes (client tracking) | none for writers |
    /// | `PostgresStore` | the writers, see `PostgresOptions::notify` | see `Notify` |
    /// | others | your own, through an [`Invalidator`] | |
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
    /// An option is out of range, or the store can't be listened to; the message says why.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or in one without time.
    pub async fn listening(
        store: Arc<dyn Notifies>,
        options: &CachedOptions,
    ) -> Result<Self, StoreError> {
        let mut cached = Self::with(Arc::clone(&store) as Arc<dyn Store>, options)?;
        let listener = Listener::start(store, cached.invalidator()).await?;
        cached.listener = Some(Arc::new(listener));
        Ok(cached)
    }

    /// Says whether other nodes' writes are seen at once: the cache listens and has a connection.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        let listener = self.listener.as_ref();
        listener.is_some_and(|listener| listener.is_listening())
    }

    /// Returns a handle that invalidates sessions of this cache.
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
        now: Moment,
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

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let invalidations = &self.tier.invalidations;
        let _guard = invalidations.guard(Scope::Key(command.key()));
        let _there = match command {
            Command::Move { to, .. } => Some(invalidations.guard(Scope::Key(to))),
            _ => None,
        };
        self.store.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.tier.sweep(now);
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
        let scope = match whose {
            Whose::Owner(owner, _) => Scope::Owner(owner),
            Whose::Tag(tag) => Scope::Tag(tag),
            Whose::Everybody => Scope::All,
        };
        let _guard = self.tier.invalidations.guard(scope);
        self.store.revoke(whose, now).await
    }

    async fn changed(&self, key: &Key) {
        self.tier.invalidations.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.store.walk(from, limit, now).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.store.estimate().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let mut facts = self.store.facts().await?;
        facts.kind = format!("{}, behind a cache,", facts.kind).into();
        Ok(facts)
    }

    fn id_form(&self) -> IdForm {
        self.store.id_form()
    }

    fn value_rule(&self) -> ValueRule {
        self.store.value_rule()
    }

    async fn close(&self) {
        if let Some(listener) = &self.listener {
            listener.stop();
        }
        self.store.close().await;
    }
}
