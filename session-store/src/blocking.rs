use std::fmt;
use std::sync::Arc;

use pollster::block_on;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, Whose,
};

use crate::own_runtime::OwnRuntime;

/// A store for code without async: the methods of [`Store`] as plain functions.
///
/// Clones are the same store. It owns a tokio runtime with one thread for the store's timers and
/// connections, so any number of threads may use it at once. A call blocks its own thread until the
/// store answers; inside a runtime that delays other tasks, and async code should call the store
/// itself.
///
/// ```
/// use session_core::{Command, Outcome};
/// use session_store::BlockingStore;
/// # use session_testkit::{ModelStore as MemoryStore, key_of, moment_at, record_of};
/// # use std::sync::Arc;
///
/// let store = BlockingStore::new(Arc::new(MemoryStore::new()))?;
/// # let (key, record, now) = (&key_of(1), record_of(1), moment_at(0));
/// let insert = Command::Insert { key, record: &record };
/// assert_eq!(store.write(insert, now)?, Outcome::Applied);
/// assert_eq!(store.write(insert, now)?, Outcome::Refused);
/// assert_eq!(store.load(key, &record.secrets.present, now)?, Some(record));
/// # Ok::<(), session_core::StoreError>(())
/// ```
#[derive(Clone)]
pub struct BlockingStore {
    store: Arc<dyn Store>,
    runtime: Arc<OwnRuntime>,
}

impl BlockingStore {
    /// Wraps a store that may be in use elsewhere.
    ///
    /// A store that was opened in a tokio runtime of several threads needs that runtime to keep
    /// running. A store without other users is better opened with [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// The runtime's thread could not be started.
    pub fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let runtime = Arc::new(OwnRuntime::start()?);
        Ok(Self { store, runtime })
    }

    /// Opens a store on the wrapper's own runtime.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # {
    /// use session_store::{BlockingStore, SqliteStore};
    ///
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("sessions.db");
    /// let store = BlockingStore::open(SqliteStore::open(path))?;
    /// assert!(store.check().is_ok());
    /// # }
    /// # Ok::<(), session_core::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The store could not be opened, or the runtime's thread could not be started.
    pub fn open<S: Store>(
        opening: impl Future<Output = Result<S, StoreError>> + Send,
    ) -> Result<Self, StoreError> {
        let runtime = Arc::new(OwnRuntime::start()?);
        let opened = {
            let _current = runtime.handle().enter();
            block_on(opening)?
        };
        let store = Arc::new(opened);
        Ok(Self { store, runtime })
    }

    /// Returns the record under the key; see [`Store::load`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.wait(self.store.load(key, secret, now))
    }

    /// Applies one command, or refuses it; see [`Store::write`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.wait(self.store.write(command, now))
    }

    /// Removes at most `limit` expired records and returns their number; see [`Store::sweep`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.wait(self.store.sweep(now, limit))
    }

    /// Returns a part of an owner's list of sessions; see [`Store::devices`] and
    /// [`Page`](session_core::Page).
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.wait(self.store.devices(owner, from, now, limit))
    }

    /// Removes an owner's sessions and returns how many were listed; see [`Store::revoke`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.wait(self.store.revoke(whose, now))
    }

    /// Returns a part of all sessions; see [`Store::walk`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.wait(self.store.walk(from, limit, now))
    }

    /// Returns about how many sessions there are; see [`Store::estimate`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.wait(self.store.estimate())
    }

    /// Succeeds if the store can be reached and written to; see [`Store::check`].
    ///
    /// # Errors
    ///
    /// The store can't be reached, or refuses writes.
    pub fn check(&self) -> Result<(), StoreError> {
        self.wait(self.store.check())
    }

    /// Ends what the store has started for itself; see [`Store::close`].
    pub fn close(&self) {
        // Closing itself can't fail, but without a runtime there is nothing left to close.
        let _ = self.wait(async {
            self.store.close().await;
            Ok(())
        });
    }

    /// Runs a call on this thread; the store's runtime serves its timers and connections.
    fn wait<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let _current = self.runtime.handle().enter();
        block_on(call)
    }
}

impl fmt::Debug for BlockingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingStore").field(&self.store).finish()
    }
}
