use std::path::PathBuf;
use std::sync::Arc;

use session_core::{Store as _, StoreError};
use sqlx::pool::PoolConnection;
use sqlx::{Row as _, Sqlite, SqliteConnection, SqlitePool};

use super::SqliteStore;
use super::database::{Connections, Database};
use super::failure::{Location, unavailable};
use super::files::Files;
use super::options::SqliteOptions;
use super::schema::{Table, prepare};
use super::seats::Seats;
use crate::home::{AtHome, Home};
use crate::sql::{Need, Schema, look};

impl SqliteStore {
    /// Opens a store on a pool that the application has, with the defaults of [`SqliteOptions`].
    ///
    /// Each call takes a connection of the pool and gives it back. The pool is of `sqlx` 0.9, whose
    /// types another minor version does not share.
    ///
    /// The pool's own settings count: journal mode, durability, number of connections. The
    /// store's writes wait for the application's as long as its `busy_timeout` says, and then fail;
    /// checkpoints are SQLite's own. A store that opens the file by itself does better under load.
    /// A call ends within twice the options' time-out. Calls run on the current runtime, which must
    /// keep running as long as the store is used.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open); or the pool's connections do not wait for locks, or have a database
    /// in memory each; or it is not called in a tokio runtime.
    pub async fn from_pool(pool: SqlitePool) -> Result<Self, StoreError> {
        Box::pin(Self::from_pool_with(pool, SqliteOptions::for_pool())).await
    }

    /// Opens a store on a pool, as [`from_pool`](Self::from_pool) does.
    ///
    /// # Errors
    ///
    /// As [`from_pool`](Self::from_pool); and if the options name a file.
    pub async fn from_pool_with(
        pool: SqlitePool,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        options.check()?;
        if !options.path.as_os_str().is_empty() {
            return Err(StoreError::new(
                "the pool names the file; begin the options with for_pool, not with a file",
            ));
        }
        let sweeping = options.sweeping;
        let open = async move |_| {
            let table = Table(options.table.clone());
            let database = open_pool(pool, &options, &table).await?;
            let store = Self::assemble(&options, database);
            store.check().await?;
            Ok(store)
        };
        let opened = AtHome::open_at(Home::here()?, open).await?;
        Ok(Self(opened.sweeping(sweeping)))
    }
}

/// Opens the pool's database, and makes its table unless it is there.
pub(crate) async fn open_pool<S: Schema<Link = SqliteConnection>>(
    pool: SqlitePool,
    options: &SqliteOptions,
    schema: &S,
) -> Result<Database, StoreError> {
    let opening = tokio::time::timeout(options.timeout * 2, open(pool, options, schema));
    let late = || Location::Pool.too_slow("open");
    opening.await.unwrap_or_else(|_| Err(late()))
}

async fn open<S: Schema<Link = SqliteConnection>>(
    pool: SqlitePool,
    options: &SqliteOptions,
    schema: &S,
) -> Result<Database, StoreError> {
    let failure = |error| Location::Pool.failure("open", error);
    let mut connection = Opening {
        connection: pool.acquire().await.map_err(failure)?,
        is_done: false,
    };
    let settings = "SELECT file, timeout FROM pragma_database_list, pragma_busy_timeout \
                    WHERE name = 'main'";
    let settings = sqlx::query(settings)
        .fetch_one(&mut *connection.connection)
        .await;
    let settings = settings.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let (file, waits): (Option<String>, i64) = settings.map_err(failure)?;
    if waits == 0 {
        return Err(StoreError::new(
            "can't use the pool: its connections do not wait for each other's locks; set \
             busy_timeout",
        ));
    }
    let path = file.filter(|file| !file.is_empty()).map(PathBuf::from);
    let location = path.clone().map_or(Location::Memory, Location::File);
    let prepared = prepare(
        &mut connection.connection,
        schema,
        options.migration,
        &location,
    );
    let prepared = prepared.await;
    connection.is_done = true;
    prepared?;
    if matches!(location, Location::Memory) && pool.options().get_max_connections() > 1 {
        let mut other = pool.acquire().await.map_err(failure)?;
        if !matches!(look(schema, &mut other).await, Ok(Need::Nothing)) {
            return Err(StoreError::new(
                "can't use the pool: each of its connections has a database in memory of its own; \
                 set max_connections to 1, and neither idle_timeout nor max_lifetime",
            ));
        }
    }
    let files = match path {
        // The pool may close its last connection, and with it the log.
        Some(path) => Files::without_log(&path).map_err(|error| unavailable(&path, error))?,
        None => Files::none(),
    };
    drop(connection);
    let connections = Connections::shared(Seats::of_pool(pool));
    let files = Arc::new(files);
    Ok(Database::new(location, files, connections, options.timeout))
}

/// A connection of the pool on which the table is made.
///
/// If that is given up, it is closed: it may be in a transaction, or begin one after a wait.
struct Opening {
    connection: PoolConnection<Sqlite>,
    is_done: bool,
}

impl Drop for Opening {
    fn drop(&mut self) {
        if !self.is_done {
            self.connection.close_on_drop();
        }
    }
}
