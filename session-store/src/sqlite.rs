mod checkpointer;
mod commands;
mod database;
mod failure;
mod file;
mod options;
mod schema;
mod statements;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session_core::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, SqliteConnection, SqlitePool};

use self::checkpointer::Checkpointer;
use self::database::Database;
use self::failure::Location;
pub use self::options::{Durability, SqliteOptions};
use self::statements::Statements;

/// Keeps sessions in a table of an SQLite database, which may hold other tables too.
///
/// Clones are the same store. All writes go through one connection, one at a time, so that
/// concurrent requests never see "database is locked"; reads run beside them. Several processes
/// on one machine may share the file. An acknowledged write survives the process being killed;
/// for power failures see [`Durability`]. A new file can be read by its owner only.
///
/// It needs a tokio runtime with time. No call waits for ever: see [`SqliteOptions::timeout`].
///
/// ```
/// use session_core::{Policy, Sessions};
/// use session_store::SqliteStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("sessions.db");
/// let store = SqliteStore::open(path).await?;
/// let sessions = Sessions::new(Policy::default(), store.clone());
/// assert!(sessions.devices("ada").await?.is_empty());
/// store.close().await;
/// assert!(sessions.devices("ada").await.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Database>);

impl SqliteStore {
    /// Opens a file with the defaults of [`SqliteOptions`], and creates it unless it exists.
    ///
    /// # Errors
    ///
    /// The file can't be written, is no database, or has a table of that name that is not ours;
    /// the message names the file and the remedy.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(SqliteOptions::new(path)).await
    }

    /// Opens a file, and creates it and its table unless they exist.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: SqliteOptions) -> Result<Self, StoreError> {
        options.check_table()?;
        let path = file::create(&options.path)?;
        let location = Location::File(path.clone());
        let failure = |error| location.failure("open", error);
        let mut first = first_connection(&options, &path).await.map_err(failure)?;
        schema::prepare(&mut first, &options.table, &location).await?;
        let writer = pool(&options, 1)
            .connect_with(options.writer(&path))
            .await
            .map_err(failure)?;
        // Not before: the last connection to close a file moves the log into it and waits for the disk.
        drop(first);
        let readers = pool(&options, options.readers).connect_lazy_with(options.reader(&path));
        let checkpointer = pool(&options, 1).connect_lazy_with(options.writer(&path));
        let checkpointer = Some(Checkpointer::new(checkpointer));
        Ok(Self::assemble(
            &options,
            location,
            writer,
            readers,
            checkpointer,
        ))
    }

    /// Opens a database in memory, which ends with the last clone; for tests.
    ///
    /// # Errors
    ///
    /// SQLite could not be started.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteOptions::new("");
        let location = Location::Memory;
        // The database is the connection: it must be one, and never be closed for idleness.
        let failure = |error| location.failure("open", error);
        let only = pool(&options, 1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .map_err(failure)?;
        let mut connection = only.acquire().await.map_err(failure)?;
        schema::prepare(&mut connection, &options.table, &location).await?;
        drop(connection);
        Ok(Self::assemble(&options, location, only.clone(), only, None))
    }

    /// Closes the file when the calls under way are done; later calls fail.
    ///
    /// Without it the file is closed some time after the last clone is dropped.
    pub async fn close(&self) {
        self.0.close().await;
    }

    fn assemble(
        options: &SqliteOptions,
        location: Location,
        writer: SqlitePool,
        readers: SqlitePool,
        checkpointer: Option<Checkpointer>,
    ) -> Self {
        Self(Arc::new(Database {
            location,
            writer,
            readers,
            checkpointer,
            statements: Statements::new(&options.table),
            limit: options.timeout * 2,
        }))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.0.location)
    }
}

/// Opens the file, which gets a write-ahead log if it has none.
///
/// For that a connection that already reads the file has to lock it. Of two that try, SQLite refuses
/// one at once, whatever its time-out, to prevent a deadlock; so we try again.
async fn first_connection(
    options: &SqliteOptions,
    path: &Path,
) -> Result<SqliteConnection, sqlx::Error> {
    let begun = Instant::now();
    loop {
        let answer = options.writer(path).connect().await;
        let is_late = begun.elapsed() >= options.timeout;
        match answer {
            Err(error) if failure::is_locked(&error) && !is_late => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            answer => return answer,
        }
    }
}

fn pool(options: &SqliteOptions, connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
