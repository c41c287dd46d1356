mod checkpointer;
mod commands;
mod database;
mod failure;
mod file;
mod files;
mod opening;
mod options;
mod pooled;
mod queue;
mod schema;
mod seats;
mod statements;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use session_core::{Store as _, StoreError};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use self::commands::Commands;
use self::database::Connections;
pub(crate) use self::database::Database;
use self::failure::Location;
use self::files::Files;
use self::opening::{Journal, open_database};
pub use self::options::{Durability, SqliteOptions};
pub(crate) use self::schema::Table;
use self::seats::Seats;
use self::statements::Statements;
#[cfg(feature = "django")]
pub(crate) use self::{opening::open_theirs, pooled::open_pool, schema::columns_of};
use crate::home::{AtHome, store_at_home};
use crate::upkeep::Sweeping;

/// A store in a table of an SQLite database.
///
/// Clones are the same store. All writes go through one connection, so that concurrent requests
/// never see "database is locked", and those that wait share a transaction, and with it one wait for
/// the disk; reads run in parallel. Several processes on one machine may
/// share the file. An acknowledged write survives a kill of the process; for power failures see
/// [`Durability`]. Only its owner can read a new file.
///
/// A file that is removed or replaced while it is open fails every call. If a backup is copied *into* the
/// open file (`cp`) instead of moved into its place (`mv`), nobody can notice, SQLite neither, and sessions
/// are lost: stop the programs first.
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
pub struct SqliteStore(AtHome<Commands>);

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
        Ok(Self(opened.sweeping(sweeping)))
    }

    async fn open_file(options: SqliteOptions) -> Result<Commands, StoreError> {
        let path = file::create(&options.path)?;
        let table = Table(options.table.clone());
        let database = open_database(&options, &path, Journal::Ours, &table).await?;
        let store = Self::assemble(&options, database);
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
        Ok(Self(opened.sweeping(Sweeping::default())))
    }

    async fn open_memory() -> Result<Commands, StoreError> {
        let options = SqliteOptions::new("");
        let location = Location::Memory;
        let failure = |error| location.failure("open", error);
        let memory = SqliteConnectOptions::new().in_memory(true);
        let mut connection = memory.connect().await.map_err(failure)?;
        let table = Table(options.table.clone());
        schema::prepare(&mut connection, &table, options.migration, &location).await?;
        let connections = Connections::shared(Seats::of_memory(connection, options.timeout));
        let files = Arc::new(Files::none());
        let database = Database::new(location, files, connections, options.timeout);
        Ok(Self::assemble(&options, database))
    }

    /// Closes the file once the running calls are done, and ends the removal of expired sessions;
    /// later calls fail.
    ///
    /// A pool that the application has stays open. Without this the file is closed some time after
    /// the last clone is dropped.
    pub async fn close(&self) {
        self.0.stop_sweeping().await;
        let close = async |commands: Arc<Commands>| {
            commands.database.close().await;
            Ok(())
        };
        // Where the home is gone, so are the connections.
        let _ = self.0.call(close).await;
    }

    fn assemble(options: &SqliteOptions, database: Database) -> Commands {
        Commands {
            database,
            statements: Statements::new(&options.table),
        }
    }
}
