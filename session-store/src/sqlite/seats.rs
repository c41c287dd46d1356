use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Error, Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::files::Files;
use crate::sql::Held;

/// The connections to a database, each of which serves one call at a time.
///
/// `sqlx`'s pool would ask a connection after each call whether it is still there, which takes as long as a read.
pub(crate) struct Seats {
    source: Source,
    idle: Mutex<Vec<SqliteConnection>>,
    free: Semaphore,
    size: u32,
    /// How long a call waits for a connection.
    patience: Duration,
}

enum Source {
    File {
        options: Box<SqliteConnectOptions>,
        files: Arc<Files>,
    },
    /// The connection is the database, so there is no other one.
    Memory,
    /// The application's, which gets each connection back.
    Pool(SqlitePool),
}

/// A connection in the hands of a call, also of one that is cancelled: the next call on it waits until the statement
/// is done.
pub(crate) struct Seat<'s> {
    /// `None` once it was given up.
    connection: Option<Held<SqliteConnection>>,
    seats: &'s Seats,
    /// Whether a transaction is open, with which no other call may have the connection.
    is_open: bool,
    _permit: SemaphorePermit<'s>,
}

impl Seats {
    /// Opens connections to a file as they are needed, unless it is by then another one.
    pub(super) fn of_file(
        options: SqliteConnectOptions,
        files: &Arc<Files>,
        (size, patience): (u32, Duration),
    ) -> Self {
        let (options, files) = (Box::new(options), Arc::clone(files));
        Self::new(Source::File { options, files }, size, patience)
    }

    /// Takes the connection to a database in memory.
    pub(super) fn of_memory(only: SqliteConnection, patience: Duration) -> Self {
        Self::new(Source::Memory, 1, patience).with(only)
    }

    /// Borrows each connection from a pool that the application has.
    pub(super) fn of_pool(pool: SqlitePool) -> Self {
        let (size, patience) = {
            let options = pool.options();
            (options.get_max_connections(), options.get_acquire_timeout())
        };
        Self::new(Source::Pool(pool), size, patience)
    }

    /// Adds a connection that is open already.
    pub(super) fn with(self, connection: SqliteConnection) -> Self {
        self.idle().push(connection);
        self
    }

    fn new(source: Source, size: u32, patience: Duration) -> Self {
        let permits = usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            source,
            idle: Mutex::default(),
            free: Semaphore::new(permits.min(Semaphore::MAX_PERMITS)),
            size,
            patience,
        }
    }

    /// Waits for a connection.
    pub(crate) async fn take(&self) -> Result<Seat<'_>, Error> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => permit,
            Err(_) => timeout(self.patience, self.free.acquire())
                .await
                .map_err(|_| Error::PoolTimedOut)?
                .map_err(|_| Error::PoolClosed)?,
        };
        let idle = self.idle().pop();
        let connection = match (idle, &self.source) {
            (Some(connection), _) => Held::Own(connection),
            // Its thread has crashed.
            (None, Source::Memory) => return Err(Error::WorkerCrashed),
            (None, Source::File { options, files }) => {
                let connection = options.connect().await?;
                if files.are_lost() {
                    return Err(Error::Io(std::io::ErrorKind::NotFound.into()));
                }
                Held::Own(connection)
            }
            (None, Source::Pool(pool)) => Held::Shared(pool.acquire().await?),
        };
        Ok(Seat {
            connection: Some(connection),
            seats: self,
            is_open: false,
            _permit: permit,
        })
    }

    /// Runs a statement and returns its first row.
    pub(crate) async fn first(&self, statement: Statement<'_>) -> Result<Option<SqliteRow>, Error> {
        let mut seat = self.take().await?;
        let row = statement.fetch_optional(&mut *seat).await;
        seat.after(row)
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn all(&self, statement: Statement<'_>) -> Result<Vec<SqliteRow>, Error> {
        let mut seat = self.take().await?;
        let rows = statement.fetch_all(&mut *seat).await;
        seat.after(rows)
    }

    /// Closes the connections once the running calls are done; later calls fail. The application's pool stays open.
    pub(super) async fn close(&self) {
        if let Source::Pool(_) = self.source {
            return;
        }
        let running = self.free.acquire_many(self.size).await;
        self.free.close();
        drop(running);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // The file is closed, whatever became of the log.
            _ = Held::Own(connection).close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat<'_> {
    /// Begins a transaction that other programs can't come between.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.is_open = true;
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut **self).await;
        self.is_open = begun.is_ok();
        begun.map(drop)
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        sqlx::query("COMMIT").execute(&mut **self).await?;
        self.is_open = false;
        Ok(())
    }

    /// Undoes the transaction. If that fails the connection is given up, which undoes it too.
    pub(super) async fn roll_back(mut self) {
        // SQLite itself has ended it after some failures.
        let undone = sqlx::query("ROLLBACK").execute(&mut *self).await;
        let has_none = |error: &Error| error.to_string().contains("no transaction is active");
        self.is_open = undone.is_err_and(|error| !has_none(&error));
    }

    /// Returns the outcome, and gives up a connection that can't be used again.
    pub(super) fn after<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(Error::WorkerCrashed | Error::Io(_)) = &outcome {
            self.give_up();
        }
        outcome
    }

    fn give_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.discard();
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        // In memory it is the database.
        if self.is_open && !matches!(self.seats.source, Source::Memory) {
            self.give_up();
        }
        // Another one goes back to its pool as it is dropped.
        if let Some(Held::Own(connection)) = self.connection.take() {
            self.seats.idle().push(connection);
        }
    }
}

impl Deref for Seat<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect(HELD)
    }
}

impl DerefMut for Seat<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect(HELD)
    }
}

const HELD: &str = "a connection is held until its seat is dropped";

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;
