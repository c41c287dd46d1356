use std::path::{Path, PathBuf};
use std::time::Duration;

use session_core::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::sql::{Migration, check_name};
use crate::time_out::check_timeout;
use crate::upkeep::{Sweeping, sweep_options};

/// The options of a [`SqliteStore`](crate::SqliteStore).
///
/// ```
/// use session_store::{Durability, SqliteOptions};
/// use std::time::Duration;
///
/// let options = SqliteOptions::new("app.db")
///     .table("web_session")
///     .durability(Durability::PowerLoss)
///     .timeout(Duration::from_secs(2));
/// # drop(options);
/// ```
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    pub(super) path: PathBuf,
    pub(super) table: String,
    pub(super) readers: u32,
    pub(super) timeout: Duration,
    pub(super) migration: Migration,
    pub(super) sweeping: Sweeping,
    pub(super) durability: Durability,
}

/// The failures that an acknowledged write survives.
///
/// Neither choice can damage the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// A kill of the process at any moment.
    ///
    /// After a power failure the last writes may be undone together: a new session is lost, a session
    /// that was just ended is back.
    #[default]
    ProcessKill,
    /// Power failures as well; every write waits for the disk (`synchronous=FULL`).
    PowerLoss,
}

impl SqliteOptions {
    /// Chooses a file, which is created unless it exists; its directory must exist.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            table: "session".to_owned(),
            readers: 4,
            timeout: Duration::from_secs(5),
            migration: Migration::Allowed,
            sweeping: Sweeping::default(),
            durability: Durability::default(),
        }
    }

    /// Begins the options of a store on a pool, which names the file itself.
    ///
    /// The number of readers and the durability are the pool's.
    #[must_use]
    pub fn for_pool() -> Self {
        Self::new("")
    }

    /// Names the table; `session` unless this is called.
    ///
    /// A name has 1 to 55 of `[A-Za-z0-9_]` and begins neither with a digit nor with `sqlite_`;
    /// opening refuses others.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Sets the number of connections for reads; 4 unless this is called, and at least 1.
    #[must_use]
    pub fn readers(mut self, count: u32) -> Self {
        self.readers = count.max(1);
        self
    }

    /// Leaves the table as it is; by default opening makes it, and upgrades an older release's.
    ///
    /// Then a missing or old table is an error, whose message has the statements to run.
    ///
    /// An upgrade only adds, so that nodes of the release before it go on. Several nodes may upgrade
    /// at once. It needs the rights to change the table; without them it is the same error.
    #[must_use]
    pub fn without_migration(mut self) -> Self {
        self.migration = Migration::Never;
        self
    }

    /// Sets how long a call waits for a connection, and again for another program's lock.
    ///
    /// The default is 5 seconds; it must be from 10 milliseconds to 10 minutes. Every call ends within
    /// twice this time.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets which failures an acknowledged write survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    sweep_options!();

    /// Refuses values that can't be meant, and names of tables that can't be part of SQL.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        if self.table.to_ascii_lowercase().starts_with("sqlite_") {
            let message = format!(
                "{:?} can't name a table: SQLite reserves \"sqlite_\"",
                self.table
            );
            return Err(StoreError::new(message));
        }
        check_name(&self.table)
    }

    pub(super) fn writer(&self, path: &Path) -> SqliteConnectOptions {
        self.connection(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A fallback: the checkpointer comes first unless writes never pause.
            .pragma("wal_autocheckpoint", "10000")
            .synchronous(match self.durability {
                Durability::ProcessKill => SqliteSynchronous::Normal,
                Durability::PowerLoss => SqliteSynchronous::Full,
            })
    }

    pub(super) fn reader(&self, path: &Path) -> SqliteConnectOptions {
        self.connection(path).read_only(true)
    }

    /// Returns the settings of a connection that leaves the file as it is.
    pub(super) fn plain(&self, path: &Path) -> SqliteConnectOptions {
        self.connection(path)
    }

    fn connection(&self, path: &Path) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(self.timeout)
            .disable_statement_logging()
    }
}
