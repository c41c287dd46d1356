use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Error, Row as _};

use crate::server::{Ending, server_limit};

/// The time limits that a server keeps, and whether a pooler is in front of it.
///
/// A pooler such as `PgBouncer` may give each transaction another connection, so nothing that a
/// connection was told or has prepared is there later, or it is there for others. Each call is then
/// a transaction that sets its own limits and prepares its own statement.
#[derive(Debug)]
pub(super) struct Pooler {
    is_there: AtomicBool,
    limit: String,
    begin: Arc<str>,
}

impl Pooler {
    pub(super) fn new(timeout: Duration) -> Self {
        let limit = server_limit(timeout).as_millis().max(1).to_string();
        // The isolation is the one in which a table that another process creates is visible.
        let begin = LIMITS.map(|name| format!("; SET LOCAL {name} = {limit}"));
        let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED{}", begin.concat());
        Self {
            is_there: AtomicBool::new(false),
            limit,
            begin: begin.into(),
        }
    }

    /// Says whether a connection has shown that there is one.
    pub(super) fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    /// Says whether an address leads to the server itself.
    #[cfg(feature = "cached")]
    pub(super) async fn leads_past(&self, options: &PgConnectOptions) -> Result<bool, Error> {
        let Some(connection) = self.connect_directly(options).await? else {
            return Ok(false);
        };
        sqlx::Connection::close(connection).await?;
        Ok(true)
    }

    pub(super) async fn connect(&self, options: &PgConnectOptions) -> Result<PgConnection, Error> {
        if !self.is_there() {
            if let Some(connection) = self.connect_directly(options).await? {
                return Ok(connection);
            }
            if !self.is_there.swap(true, Ordering::Relaxed) {
                tracing::info!(
                    "there is a pooler in front of PostgreSQL; each call is a transaction"
                );
            }
        }
        options.connect().await
    }

    /// Connects and sets the limits; `None` if they did not arrive, because of a pooler.
    ///
    /// A pooler refuses the settings or ignores them. One that hands them on may give us another
    /// client's connection, so one of them is a name that only this connection has.
    async fn connect_directly(
        &self,
        options: &PgConnectOptions,
    ) -> Result<Option<PgConnection>, Error> {
        let name = format!("{:016x}", RandomState::new().hash_one(()));
        let limits = LIMITS.map(|limit| (limit, &self.limit));
        let settings = limits.into_iter().chain([(NAME, &name)]);
        let mut connection = match options.clone().options(settings).connect().await {
            Ok(connection) => connection,
            Err(Error::Database(error)) if error.code().as_deref() == Some(PROTOCOL_VIOLATION) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let ask = format!("SELECT current_setting('{NAME}', true)");
        let ask = sqlx::raw_sql(AssertSqlSafe(ask));
        let answer: Option<String> = ask.fetch_one(&mut connection).await?.try_get(0)?;
        Ok((answer == Some(name)).then_some(connection))
    }

    /// Begins a call; see [`Server::begin`](crate::server::Server::begin).
    pub(super) async fn begin(&self, connection: &mut PgConnection) -> Result<(), Error> {
        if self.is_there() {
            let begin = sqlx::raw_sql(AssertSqlSafe(Arc::clone(&self.begin)));
            begin.execute(connection).await?;
        }
        Ok(())
    }

    /// Ends a call.
    pub(super) async fn end(
        &self,
        connection: &mut PgConnection,
        ending: Ending,
    ) -> Result<(), Error> {
        if self.is_there() {
            let end = match ending {
                Ending::Failed => "ROLLBACK",
                Ending::Succeeded => "COMMIT",
            };
            sqlx::raw_sql(end).execute(connection).await?;
        }
        Ok(())
    }
}

/// Options with the limits, for connections whose calls are single statements; without them behind a pooler that refuses settings.
#[cfg(feature = "legacy")]
pub(crate) async fn limited(options: PgConnectOptions, timeout: Duration) -> PgConnectOptions {
    let limit = server_limit(timeout).as_millis().max(1).to_string();
    let settings = LIMITS.map(|name| (name, &limit));
    let limited = options.clone().options(settings);
    match tokio::time::timeout(timeout, limited.connect()).await {
        Ok(Err(Error::Database(error))) if error.code().as_deref() == Some(PROTOCOL_VIOLATION) => {
            options
        }
        Ok(Ok(connection)) => {
            // It was only a trial.
            _ = sqlx::Connection::close(connection).await;
            limited
        }
        // The first call says what is wrong.
        _ => limited,
    }
}

const LIMITS: [&str; 3] = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
];

/// A setting of our own.
const NAME: &str = "session_store.connection";

/// `PgBouncer`'s code for settings that it does not know.
const PROTOCOL_VIOLATION: &str = "08P01";
