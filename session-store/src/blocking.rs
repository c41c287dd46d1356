use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError,
};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Handle, Runtime};

/// A store for code without async: the methods of [`Store`] as plain functions.
///
/// Clones are the same store. It owns a tokio runtime with one thread for the store's timers and
/// connections, so any number of threads may use it at once. A call blocks its own thread until the
/// store answers.
///
/// It works inside a runtime too. Tokio forbids blocking there, so each call starts a thread and
/// waits for it. Use that in `spawn_blocking` alone: elsewhere it delays the runtime's other tasks,
/// and async code should call the store itself.
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
pub struct BlockingStore(Arc<Owned>);

struct Owned {
    store: Arc<dyn Store>,
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
}

impl BlockingStore {
    /// Wraps a store that may be in use elsewhere.
    ///
    /// If the store's connections belong to another runtime, that runtime must keep running. A
    /// store without other users is better opened with [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// The runtime's thread could not be started.
    pub fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        Ok(Self::assemble(store, start()?))
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
        let runtime = start()?;
        let store = wait(&runtime, opening)?;
        Ok(Self::assemble(Arc::new(store), runtime))
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
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        self.wait(self.0.store.load(key, secret, now))
    }

    /// Applies one command, or refuses it; see [`Store::write`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn write(&self, command: Command<'_>, now: OffsetDateTime) -> Result<Outcome, StoreError> {
        self.wait(self.0.store.write(command, now))
    }

    /// Removes at most `limit` expired records and returns their number; see [`Store::sweep`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        self.wait(self.0.store.sweep(now, limit))
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
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.wait(self.0.store.devices(owner, from, now, limit))
    }

    /// Removes an owner's sessions and returns how many were listed; see [`Store::revoke`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        self.wait(self.0.store.revoke(owner, which, now))
    }

    /// Succeeds if the store can be reached and written to; see [`Store::check`].
    ///
    /// # Errors
    ///
    /// The store can't be reached, or refuses writes.
    pub fn check(&self) -> Result<(), StoreError> {
        self.wait(self.0.store.check())
    }

    fn assemble(store: Arc<dyn Store>, runtime: Runtime) -> Self {
        Self(Arc::new(Owned {
            store,
            runtime: Some(runtime),
        }))
    }

    fn wait<T: Send>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match &self.0.runtime {
            Some(runtime) => wait(runtime, call),
            None => Err(StoreError::new("the store's runtime has ended")),
        }
    }
}

impl fmt::Debug for BlockingStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingStore").field(&self.0.store).finish()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which tokio forbids inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn start() -> Result<Runtime, StoreError> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("session-store")
        .enable_all()
        .build()
        .map_err(|error| StoreError::new("can't start the store's runtime").caused_by(error))
}

/// Runs a future on the runtime and waits for it, inside another runtime on a new thread.
fn wait<T: Send>(
    runtime: &Runtime,
    work: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    if Handle::try_current().is_err() {
        return runtime.block_on(work);
    }
    thread::scope(|scope| {
        let waiting = thread::Builder::new()
            .name("session-store-call".into())
            .spawn_scoped(scope, || runtime.block_on(work))
            .map_err(|error| {
                StoreError::new("can't start a thread for a call of the store").caused_by(error)
            })?;
        waiting.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
