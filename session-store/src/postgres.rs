mod commands;
#[cfg(feature = "cached")]
mod listening;
mod notify;
mod options;
mod row;
mod server;
mod statements;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{Command, Device, Found, Key, Outcome, Revoke, Store, StoreError, to_micros};
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;

use self::commands::{execute, query};
pub use self::notify::Notify;
pub use self::options::PostgresOptions;
use self::server::Postgres;
use self::statements::Statements;
use self::table::{Kind, Table};
use crate::sql::{Pool, Progress, outcome};

/// Keeps sessions in a table of a PostgreSQL database, which may hold other tables too.
///
/// Clones are the same store. Every command is one statement, committed by itself, under any
/// isolation level. What is undone because of others that run at the same time (a deadlock, a
/// serialization failure) is tried again.
///
/// It needs a tokio runtime with time and I/O. No call waits for ever: see
/// [`PostgresOptions::timeout`]. After an outage it connects again by itself, and a call that
/// finds a broken connection goes on with a fresh one.
///
/// ```no_run
/// use session_core::{Policy, Sessions};
/// use session_store::PostgresStore;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::open("postgres://app:secret@localhost/shop").await?;
/// let sessions = Sessions::new(Policy::default(), store);
/// # drop(sessions);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore(Arc<Database>);

struct Database {
    pool: Pool<Postgres>,
    table: Table,
    statements: Statements,
    progress: Progress,
}

impl PostgresStore {
    /// Opens a database with the defaults of [`PostgresOptions`], and creates the table unless it
    /// exists.
    ///
    /// # Errors
    ///
    /// The database can't be reached, or has a table of that name that is not ours; the message
    /// names the server and the remedy, and no password.
    pub async fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::open_with(PostgresOptions::new(url)).await
    }

    /// Opens a database, and creates the table unless it exists.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn open_with(options: PostgresOptions) -> Result<Self, StoreError> {
        let store = Self::connect(options).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens a database and leaves it as it is; [`migrate`](Self::migrate) is yours to call, or
    /// to do without if something else sees to the table.
    ///
    /// # Errors
    ///
    /// The database can't be reached.
    pub async fn connect(options: PostgresOptions) -> Result<Self, StoreError> {
        let (table, server) = options.check()?;
        let database = Database {
            pool: Pool::new(Postgres(server), options.connections, options.timeout),
            statements: Statements::of(&table, options.notify),
            table,
            progress: Progress::new(),
        };
        let ping = |mut connection: PgConnection| async move {
            let answer = connection.ping().await;
            (connection, answer)
        };
        database.pool.run("open", ping).await?;
        Ok(Self(Arc::new(database)))
    }

    /// Creates the table unless it exists, and refuses one that is not ours.
    ///
    /// Several processes may do it at once. A table that is there and right costs no lock, and no
    /// privilege but to use it.
    ///
    /// # Errors
    ///
    /// There is no table and this user may not create one, or the one that is there is not ours.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let Database { pool, table, .. } = &*self.0;
        let prepare = move |mut connection: PgConnection| async move {
            let kind = table.prepare(&mut connection).await;
            (connection, kind)
        };
        match pool.run("make the session table in", prepare).await? {
            Kind::Ours => Ok(()),
            Kind::Foreign => Err(StoreError::new(format!(
                "can't use {}: its table {} was not made by this version of session-store; name \
                 another one with PostgresOptions::table",
                pool.server(),
                table.quoted()
            ))),
        }
    }

    /// Closes all connections when the calls under way are done; later calls fail.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore({})", self.0.pool.server())
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        let Database {
            pool, statements, ..
        } = &*self.0;
        let load = move |mut connection: PgConnection| async move {
            let load = query(&statements.load)
                .bind(&key.digest()[..])
                .bind(to_micros(now));
            let rows = load.fetch_all(&mut connection).await;
            (connection, rows)
        };
        let rows = pool.run("read a session from", load).await?;
        let mut found: Vec<_> = rows.iter().filter_map(|row| row::found(row, key)).collect();
        if found.len() < rows.len() {
            let server = pool.server();
            tracing::warn!(%server, "a session's row makes no sense; it is taken as absent");
        }
        // What is under the key comes before what was moved from it.
        let here = found
            .iter()
            .position(|found| matches!(found, Found::Here(_)));
        Ok((!found.is_empty()).then(|| found.swap_remove(here.unwrap_or(0))))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let Database {
            pool, statements, ..
        } = &*self.0;
        let write = move |mut connection: PgConnection| async move {
            let count = statements
                .write(&mut connection, command, to_micros(now))
                .await;
            (connection, count)
        };
        let written = async {
            let done = pool.run_telling(WRITE, write).await?;
            outcome(done, self, command, now).await
        };
        pool.within(WRITE, written).await
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let Database {
            pool,
            statements,
            progress,
            ..
        } = &*self.0;
        let batch = |from: i64, limit: usize| {
            let sweep = move |mut connection: PgConnection| async move {
                let swept = statements
                    .sweep(&mut connection, from, to_micros(now), limit)
                    .await;
                (connection, swept)
            };
            pool.run(SWEEP, sweep)
        };
        pool.within(SWEEP, progress.sweep(limit, batch)).await
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let Database {
            pool, statements, ..
        } = &*self.0;
        let list = move |mut connection: PgConnection| async move {
            let list = query(&statements.devices)
                .bind(owner.as_bytes())
                .bind(to_micros(now));
            let rows = list.fetch_all(&mut connection).await;
            (connection, rows)
        };
        let rows = pool.run("list sessions in", list).await?;
        Ok(rows.iter().filter_map(row::device).collect())
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let Database {
            pool, statements, ..
        } = &*self.0;
        let (text, handle) = match which {
            Revoke::All => (&statements.revoke_all, None),
            Revoke::AllBut(kept) => (&statements.revoke_all_but, Some(kept)),
            Revoke::One(ended) => (&statements.revoke_one, Some(ended)),
        };
        let revoke = move |mut connection: PgConnection| async move {
            let mut revoke = query(text).bind(owner.as_bytes()).bind(to_micros(now));
            if let Some(handle) = handle {
                revoke = revoke.bind(&handle.as_bytes()[..]);
            }
            let count = execute(revoke, &mut connection).await;
            (connection, count)
        };
        pool.run("end sessions in", revoke).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        let Database {
            pool, statements, ..
        } = &*self.0;
        let write = move |mut connection: PgConnection| async move {
            let written = statements.probe(&mut connection).await;
            (connection, written)
        };
        pool.run("write to", write).await
    }
}

const WRITE: &str = "write a session to";
const SWEEP: &str = "remove expired sessions from";
