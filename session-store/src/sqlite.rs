mod checkpointer;
mod commands;
mod database;
mod failure;
mod file;
mod files;
mod options;
mod pooled;
mod schema;
mod statements;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use std::{fmt, io};

use session_core::{Store as _, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, SqliteConnection};
use time::OffsetDateTime;

use self::checkpointer::Checkpointer;
use self::database::{Connections, Database};
use self::failure::{Location, unavailable};
use self::files::Files;
pub use self::options::{Durability, SqliteOptions};
use self::schema::Table;
use self::statements::Statements;
use crate::home::{AtHome, store_at_home};
use crate::upkeep::{Sweeping, Swept};

/// A store in a table of an SQLite database.
///
/// Clones are the same store. All writes go through one connection, so that concurrent requests
/// never see "database is locked"; reads run in parallel. Several processes on one machine may
/// share the file. An acknowledged write survives a kill of the process; for power failures see
/// [`Durability`]. Only its owner can read a new file.
///
/// Its connections belong to the tokio runtime that opens it, if that has several threads, and
/// otherwise to a thread of their own: a blocked worker of the server holds up no other one. Calls may
/// come from anywhere; the runtime has to keep running. Every call ends within twice the
/// [time-out](SqliteOptions::timeout).
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
pub struct SqliteStore(AtHome<Database>);

store_at_home!(SqliteStore);

impl SqliteStore {
    /// Opens a file with the defaults of [`SqliteOptions`].
    ///
    /// The file and its table are created unless they exist.
    ///
    /// # Errors
    ///
    /// The file can't be written, is no database, or another program's table has the name. The
    /// message names the file and the remedy.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        // Boxed, as a deep future would reach the compiler's limit in applications.
        Box::pin(Self::open_with(SqliteOptions::new(path))).await
    }

    /// Opens a file, and creates it and its table unless they exist.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: SqliteOptions) -> Result<Self, StoreError> {
        options.check()?;
        let sweeping = options.sweeping;
        let opened = AtHome::open(|_| Self::open_file(options)).await?;
        Ok(Self(opened.sweeping(sweeping)?))
    }

    async fn open_file(options: SqliteOptions) -> Result<Database, StoreError> {
        let path = file::create(&options.path)?;
        let location = Location::File(path.clone());
        let failure = |error| location.failure("open", error);
        let mut first = first_connection(&options, &path).await?;
        let table = Table(options.table.clone());
        schema::prepare(&mut first, &table, options.migration, &location).await?;
        let writer = pool(&options, 1)
            .connect_with(options.writer(&path))
            .await
            .map_err(failure)?;
        // Not earlier: closing the last connection moves the log into the file and waits for the
        // disk.
        drop(first);
        let files = Files::of(&path).map_err(|error| unavailable(&path, error))?;
        let files = Arc::new(files);
        let later = |connections, settings| {
            let files = Arc::clone(&files);
            let pool = pool(&options, connections).after_connect(move |_, _| {
                let are_lost = files.are_lost();
                let lost = || sqlx::Error::Io(io::ErrorKind::NotFound.into());
                Box::pin(async move { if are_lost { Err(lost()) } else { Ok(()) } })
            });
            pool.connect_lazy_with(settings)
        };
        let readers = later(options.readers, options.reader(&path));
        let checkpointer = later(1, options.writer(&path));
        let checkpointer = Some(Checkpointer::new(checkpointer, location.clone()));
        let connections = Connections::Own {
            writer,
            readers,
            checkpointer,
        };
        let store = Self::assemble(&options, (location, files), connections);
        store.check().await?;
        Ok(store)
    }

    /// Opens a database in memory for tests; it ends with the last clone.
    ///
    /// # Errors
    ///
    /// SQLite could not be started.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let opened = AtHome::open(|_| Self::open_memory()).await?;
        Ok(Self(opened.sweeping(Sweeping::default())?))
    }

    async fn open_memory() -> Result<Database, StoreError> {
        let options = SqliteOptions::new("");
        let location = Location::Memory;
        // The connection is the database: there must be one, and it must never be closed as idle.
        let failure = |error| location.failure("open", error);
        let only = pool(&options, 1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .map_err(failure)?;
        let mut connection = only.acquire().await.map_err(failure)?;
        let table = Table(options.table.clone());
        schema::prepare(&mut connection, &table, options.migration, &location).await?;
        drop(connection);
        let nowhere = (location, Arc::new(Files::none()));
        let connections = Connections::Own {
            writer: only.clone(),
            readers: only,
            checkpointer: None,
        };
        Ok(Self::assemble(&options, nowhere, connections))
    }

    /// Closes the file once the running calls are done, and ends the removal of expired sessions;
    /// later calls fail.
    ///
    /// A pool that the application has stays open. Without this the file is closed some time after
    /// the last clone is dropped.
    pub async fn close(&self) {
        self.0.stop_sweeping().await;
        let close = async |database: Arc<Database>| {
            database.close().await;
            Ok(())
        };
        // Where the home is gone, so are the connections.
        let _ = self.0.call(close).await;
    }

    fn assemble(
        options: &SqliteOptions,
        (location, files): (Location, Arc<Files>),
        connections: Connections,
    ) -> Database {
        Database {
            location,
            files,
            connections,
            is_closed: AtomicBool::new(false),
            statements: Statements::new(&options.table),
            limit: options.timeout * 2,
        }
    }
}

impl Swept for Database {
    async fn time(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        Ok(None)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.location, f)
    }
}

/// Opens the file and creates its write-ahead log if it has none.
///
/// To create the log, a connection that reads the file has to lock it. If two try, SQLite refuses
/// one at once to prevent a deadlock, regardless of its time-out; so the attempt is repeated.
async fn first_connection(
    options: &SqliteOptions,
    path: &Path,
) -> Result<SqliteConnection, StoreError> {
    let location = Location::File(path.to_owned());
    let failure = |error| location.failure("open", error);
    let untouched = options.plain(path).connect().await;
    let mut untouched = untouched.map_err(failure)?;
    file::refuse_cut(path, &mut untouched).await?;
    let begun = Instant::now();
    loop {
        let answer = options.writer(path).connect().await;
        let is_late = begun.elapsed() >= options.timeout;
        match answer {
            Err(error) if failure::is_locked(&error) && !is_late => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            answer => return answer.map_err(failure),
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
