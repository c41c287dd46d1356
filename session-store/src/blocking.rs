use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use session_core::{Command, Device, Digest, Key, Outcome, Record, Revoke, Store, StoreError};
use time::OffsetDateTime;
use tokio::runtime::{Builder, Handle, Runtime};

/// A store for code without async: the methods of [`Store`] as plain functions.
///
/// Clones are the same store. It owns a tokio runtime with one thread, on which the store's timers
/// and connections live, so it works from any thread, and from many at once. A call takes as long
/// as the store does, and blocks only its own thread.
///
/// It may be called from inside a runtime too: the call then runs on a thread that is started for
/// it, because tokio forbids waiting there, and the runtime's own thread waits for its end. That
/// is right in `spawn_blocking`; elsewhere it holds up other tasks, and async code does better
/// with the store itself.
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
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
}

impl BlockingStore {
    /// Takes a store that is there, and that others may go on using.
    ///
    /// If it has connections that belong to another runtime, that one has to go on running; a
    /// store that nobody else needs is better opened with [`open`](Self::open).
    ///
    /// # Errors
    ///
    /// The runtime's thread could not be started.
    pub fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        Ok(Self::assemble(store, start()?))
    }

    /// Opens a store on the runtime that it will be used on.
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
    /// Those of the opening, or the runtime's thread could not be started.
    pub fn open<S: Store>(
        opening: impl Future<Output = Result<S, StoreError>> + Send,
    ) -> Result<Self, StoreError> {
        let runtime = start()?;
        let store = wait(&runtime, opening)?;
        Ok(Self::assemble(Arc::new(store), runtime))
    }

    /// Returns the live record under the key; see [`Store::load`].
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

    /// Removes at most `limit` expired records and returns how many it removed; see
    /// [`Store::sweep`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        self.wait(self.0.store.sweep(now, limit))
    }

    /// Returns an owner's live sessions, the most recently seen first; see [`Store::devices`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        self.wait(self.0.store.devices(owner, now))
    }

    /// Removes sessions of one owner and returns how many of them were not over; see
    /// [`Store::revoke`].
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
    /// It can't.
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
        // A runtime that is just dropped waits for its threads, which tokio forbids inside of
        // another one.
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

/// Waits for a future, whose timers and tasks are the runtime's; here, or on a thread of its own
/// where waiting is forbidden.
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
                StoreError::new("can't start a thread to ask the store on").caused_by(error)
            })?;
        waiting.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
