mod entry;
mod invalidator;
mod listener;
mod marks;
mod moves;
mod notices;
mod options;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use session_core::{Command, Device, Found, Key, Outcome, Revoke, Store, StoreError};
use time::OffsetDateTime;

use self::entry::{Entry, Reading};
pub use self::invalidator::Invalidator;
use self::listener::Listener;
use self::marks::{Mark, Marks};
pub use self::notices::{Notice, Notices, Notifies};
pub use self::options::CachedOptions;

/// Keeps what was read lately in this process, in front of any other store.
///
/// Every write goes to the store, and every load that the cache can't answer. Clones are the same
/// cache.
///
/// - What **this node** did is seen at once: a write, a logout and a revocation end what is cached
///   of these sessions, and what a load may be about to cache. So does a write that failed, that
///   was refused, or whose caller went away, as it may have been applied.
/// - What **another node** did is seen within [`CachedOptions::stale_for`], a second unless it is
///   changed, counted from before the store was asked; at once if the store tells, see
///   [`listening`](Self::listening). The same holds for a write that takes effect after its
///   failure was reported, and for a logout by an old id that another node has renewed.
/// - A session is never served past its end, nor when a clock goes back.
/// - Only live sessions are cached, and under their own ids: who makes ids up fills no memory.
/// - An update stays exact: a stale state is refused by the store, and the next load asks it.
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

/// What a node remembers.
struct Tier {
    entries: Cache<[u8; 32], Entry>,
    marks: Marks,
    stale_for: Duration,
    /// What weighs more is not cached.
    heaviest: u64,
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

    /// Puts a cache in front of a store that tells what other nodes write, and listens to it.
    ///
    /// What another node does is then seen as soon as the notice is here. While there is no
    /// connection it is seen within [`CachedOptions::stale_for`], as without a listener: that
    /// bound holds whatever is lost. When the connection is back, which a task sees to, all is
    /// forgotten that was cached before. The task ends with the last clone of this store.
    ///
    /// | store | what tells | what it costs |
    /// |---|---|---|
    /// | `RedisStore` | the server, of every write by anybody (client tracking) | writers nothing |
    /// | `PostgresStore` | the writers, if `PostgresOptions::notify` says so | see there |
    /// | others | nobody; an [`Invalidator`] may be driven by hand | |
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
    /// An option makes no sense, or nobody can listen to the store; the message says why.
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

    /// Returns what tells this cache of other nodes' writes.
    #[must_use]
    pub fn invalidator(&self) -> Invalidator {
        Invalidator::of(Arc::clone(&self.tier))
    }

    fn assemble(store: Arc<dyn Store>, options: &CachedOptions) -> Self {
        let entries = Cache::builder()
            .max_capacity(options.capacity)
            .weigher(|_, entry: &Entry| entry.weight())
            // Only live sessions come in, so nobody can flush it with what is read once.
            .eviction_policy(EvictionPolicy::lru())
            // Frees memory; what may be served is `Entry::serves`'s to say.
            .time_to_live(options.stale_for)
            .build();
        let tier = Tier {
            entries,
            marks: Marks::new(),
            stale_for: options.stale_for,
            heaviest: options.capacity / 64,
        };
        Self {
            store,
            tier: Arc::new(tier),
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
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        let reading = self.tier.reading(now);
        if let Some(entry) = self.tier.entries.get(key.digest())
            && self.tier.serves(key, &entry, &reading)
        {
            return Ok(Some(Found::Here(entry.into_record())));
        }
        let found = self.store.load(key, now).await?;
        if let Some(Found::Here(record)) = &found {
            self.tier.keep(key, Entry::new(record.clone(), reading));
        }
        Ok(found)
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let marks = &self.tier.marks;
        match command {
            Command::Replace {
                key,
                with,
                remembered,
                ..
            } if key != with => {
                let remembered = (remembered - now).try_into().unwrap_or_default();
                let mut moving = marks.moving(key, with, remembered);
                let outcome = self.store.write(command, now).await?;
                moving.answered(outcome);
                Ok(outcome)
            }
            Command::Insert { key, .. }
            | Command::Replace { key, .. }
            | Command::Touch { key, .. } => {
                let _ending = marks.ending(Mark::key(key));
                self.store.write(command, now).await
            }
            Command::Delete { key } => {
                let _deleting = marks.deleting(key);
                self.store.write(command, now).await
            }
        }
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        // Without this the cache frees nothing while nobody loads anything.
        self.tier.entries.run_pending_tasks();
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
        let _ending = self.tier.marks.ending(Mark::owner(owner));
        self.store.revoke(owner, which, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

impl Tier {
    fn reading(&self, now: OffsetDateTime) -> Reading {
        Reading::begin(now, self.marks.last())
    }

    fn serves(&self, key: &Key, entry: &Entry, reading: &Reading) -> bool {
        entry.serves(reading, self.stale_for) && self.marks.spare(key, entry)
    }

    /// Caches an entry, unless one is there that was read later.
    fn keep(&self, key: &Key, entry: Entry) {
        let weight = u64::from(entry.weight());
        if weight > self.heaviest {
            return;
        }
        let place = self.entries.entry_by_ref(key.digest());
        place.and_compute_with(|there| match there {
            Some(there) if there.value().is_later_than(&entry) => Op::Nop,
            _ => Op::Put(entry),
        });
        // A few dozen entries wait to be let in, which matters if they are large.
        if weight > self.heaviest / 16 {
            self.entries.run_pending_tasks();
        }
    }
}
