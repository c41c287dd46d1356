mod failure;
mod file;
mod keeper;
mod options;
mod row;
mod schema;
mod statements;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use session_core::{Command, Device, Found, Key, Outcome, Revoke, Store, StoreError, to_micros};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection, SqlitePool};
use time::OffsetDateTime;

use self::failure::Place;
use self::keeper::Keeper;
pub use self::options::{Durability, SqliteOptions};
use self::row::Statement;
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

struct Database {
    place: Place,
    writer: SqlitePool,
    readers: SqlitePool,
    /// None of a database in memory, which has no log.
    keeper: Option<Keeper>,
    statements: Statements,
    /// How long any call may take.
    limit: Duration,
}

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
        let place = Place::File(path.clone());
        let failure = |error| place.failure("open", error);
        let mut first = first_connection(&options, &path).await.map_err(failure)?;
        schema::prepare(&mut first, &options.table, &place).await?;
        let writer = pool(&options, 1)
            .connect_with(options.writer(&path))
            .await
            .map_err(failure)?;
        // Not before: the last one to close a file empties its log, and has the disk wait for it.
        drop(first);
        let readers = pool(&options, options.readers).connect_lazy_with(options.reader(&path));
        let keeper = pool(&options, 1).connect_lazy_with(options.writer(&path));
        let keeper = Some(Keeper::new(keeper));
        Ok(Self::assemble(&options, place, writer, readers, keeper))
    }

    /// Opens a database in memory, which ends with the last clone; for tests.
    ///
    /// # Errors
    ///
    /// SQLite could not be started.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteOptions::new("");
        let place = Place::Memory;
        // The database is the connection: it must be one, and never be closed for idleness.
        let failure = |error| place.failure("open", error);
        let only = pool(&options, 1)
            .connect_with(SqliteConnectOptions::new().in_memory(true))
            .await
            .map_err(failure)?;
        let mut connection = only.acquire().await.map_err(failure)?;
        schema::prepare(&mut connection, &options.table, &place).await?;
        drop(connection);
        Ok(Self::assemble(&options, place, only.clone(), only, None))
    }

    /// Closes the file when the calls under way are done; later calls fail.
    ///
    /// Without it the file is closed some time after the last clone is dropped.
    pub async fn close(&self) {
        self.0.readers.close().await;
        if let Some(keeper) = &self.0.keeper {
            keeper.close().await;
        }
        self.0.writer.close().await;
    }

    fn assemble(
        options: &SqliteOptions,
        place: Place,
        writer: SqlitePool,
        readers: SqlitePool,
        keeper: Option<Keeper>,
    ) -> Self {
        Self(Arc::new(Database {
            place,
            writer,
            readers,
            keeper,
            statements: Statements::of(&options.table),
            limit: options.timeout * 2,
        }))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteStore({})", self.0.place)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        let load = query(&self.0.statements.load)
            .bind(&key.digest()[..])
            .bind(to_micros(now));
        let found = self
            .0
            .within("read a session from", load.fetch_optional(&self.0.readers))
            .await?;
        Ok(found.and_then(|row| {
            let found = row::found(&row, key);
            if found.is_none() {
                let place = &self.0.place;
                tracing::warn!(%place, "a session's row makes no sense; it is taken as absent");
            }
            found
        }))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let Statements {
            insert,
            replace,
            relocate,
            touch,
            delete,
            ..
        } = &self.0.statements;
        let now = to_micros(now);
        let statement = match command {
            Command::Insert { key, record } => row::bind(query(insert), record)
                .bind(&key.digest()[..])
                .bind(now),
            Command::Replace {
                key,
                expected,
                with,
                record,
                remembered,
            } => {
                let text = if key == with { replace } else { relocate };
                let statement = row::bind(query(text), record)
                    .bind(&key.digest()[..])
                    .bind(expected.to_i64())
                    .bind(now);
                if key == with {
                    statement
                } else {
                    let remembered = to_micros(remembered);
                    statement.bind(&with.digest()[..]).bind(remembered)
                }
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => query(touch)
                .bind(to_micros(seen))
                .bind(to_micros(expires))
                .bind(&key.digest()[..])
                .bind(expected.to_i64())
                .bind(now),
            Command::Delete { key } => {
                let statement = query(delete).bind(&key.digest()[..]).bind(now);
                self.0.execute("end a session in", statement).await?;
                return Ok(Outcome::Applied);
            }
        };
        Ok(
            match self.0.execute("write a session to", statement).await? {
                0 => Outcome::Refused,
                _ => Outcome::Applied,
            },
        )
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let sweep = query(&self.0.statements.sweep)
            .bind(to_micros(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let swept = self
            .0
            .execute("remove expired sessions from", sweep)
            .await?;
        self.0.keep(swept).await;
        Ok(swept)
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let list = query(&self.0.statements.devices)
            .bind(owner)
            .bind(to_micros(now));
        let rows = self
            .0
            .within("list sessions in", list.fetch_all(&self.0.readers))
            .await?;
        Ok(rows.iter().filter_map(row::device).collect())
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let statements = &self.0.statements;
        let (text, handle) = match which {
            Revoke::All => (&statements.revoke_all, None),
            Revoke::AllBut(kept) => (&statements.revoke_all_but, Some(kept)),
            Revoke::One(ended) => (&statements.revoke_one, Some(ended)),
        };
        let mut revoke = query(text).bind(owner).bind(to_micros(now));
        if let Some(handle) = handle {
            revoke = revoke.bind(&handle.as_bytes()[..]);
        }
        self.0.execute("end sessions in", revoke).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let Statements { probe, unprobe, .. } = &self.0.statements;
        let written = async {
            let mut transaction = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
            query(probe).execute(&mut *transaction).await?;
            query(unprobe).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        self.0.within("write to", written).await
    }
}

impl Database {
    /// Runs a writing statement and returns how many rows it changed.
    async fn execute(&self, doing: &str, statement: Statement<'_>) -> Result<usize, StoreError> {
        let done = self.within(doing, statement.execute(&self.writer)).await?;
        let changed = usize::try_from(done.rows_affected()).unwrap_or(usize::MAX);
        self.keep(changed).await;
        Ok(changed)
    }

    async fn keep(&self, changed: usize) {
        let Some(keeper) = self.keeper.as_ref().filter(|it| it.is_due_after(changed)) else {
            return;
        };
        if let Err(error) = self.within("empty the log of", keeper.checkpoint()).await {
            tracing::warn!(%error, "the log stays long until a writer empties it");
        }
    }

    async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.limit, work).await {
            Ok(answer) => answer.map_err(|error| self.place.failure(doing, error)),
            Err(_) => Err(self.place.too_slow(doing)),
        }
    }
}

/// Opens the file, which gets its log if it has none.
///
/// For that a connection that reads the file has to lock it, and whoever meets another there is
/// refused at once, whatever its time-out, lest both wait for ever.
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

/// Begins a statement, which a connection prepares once.
fn query(text: &Arc<str>) -> Statement<'static> {
    sqlx::query(AssertSqlSafe(Arc::clone(text)))
}

fn pool(options: &SqliteOptions, connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(options.timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
