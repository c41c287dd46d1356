use std::fmt;
use std::time::Duration;

use session_core::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::dialect::Postgres;
use super::notify::Notify;
use super::table::Table;
use crate::server::parse;
use crate::sql::{Migration, check_name};
use crate::time_out::check_timeout;
use crate::upkeep::{Sweeping, sweep_options};

/// The options of a [`PostgresStore`](crate::PostgresStore).
///
/// `Debug` does not show the URL, which may hold a password.
///
/// ```
/// use session_store::PostgresOptions;
/// use std::time::Duration;
///
/// let options = PostgresOptions::new("postgres://app:secret@db.example/shop?sslmode=verify-full")
///     .table("web_session")
///     .schema("web")
///     .connections(20)
///     .timeout(Duration::from_secs(2));
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct PostgresOptions {
    url: String,
    table: String,
    schema: Option<String>,
    pub(super) connections: u32,
    pub(super) timeout: Duration,
    pub(super) migration: Migration,
    pub(super) sweeping: Sweeping,
    notify: Notify,
    listen_url: Option<String>,
}

impl PostgresOptions {
    /// Chooses a database by its URL, `postgres://user:password@host:port/database`.
    ///
    /// Missing parts come from the environment (`PGHOST`, `PGUSER`, …) and `.pgpass`, as with
    /// PostgreSQL's own programs. TLS is used if the server offers it; `?sslmode=verify-full`
    /// requires it and checks the server's certificate against the system's authorities or
    /// `&sslrootcert=FILE`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            table: "session".to_owned(),
            schema: None,
            connections: 10,
            timeout: Duration::from_secs(5),
            migration: Migration::Allowed,
            sweeping: Sweeping::default(),
            notify: Notify::Nothing,
            listen_url: None,
        }
    }

    /// Begins the options of a store on a pool, which names the database itself.
    ///
    /// The number of connections is the pool's.
    #[must_use]
    pub fn for_pool() -> Self {
        Self::new("")
    }

    /// Names the table; `session` unless this is called.
    ///
    /// A name has 1 to 55 of `[A-Za-z0-9_]` and does not begin with a digit; opening refuses
    /// others.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// Names the table's schema, which must exist; the search path decides unless this is called.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// Sets the maximum number of connections; 10 unless this is called, and at least 1.
    #[must_use]
    pub fn connections(mut self, count: u32) -> Self {
        self.connections = count;
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

    /// Sets how long a call waits for a connection, and again for the answer.
    ///
    /// The default is 5 seconds; it must be from 10 milliseconds to 10 minutes. Every call ends within
    /// twice this time.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets which writes are notified to caches; [`Notify::Nothing`] unless this is called.
    #[must_use]
    pub fn notify(mut self, what: Notify) -> Self {
        self.notify = what;
        self
    }

    /// Names the address at which a cache listens; that of the store unless this is called.
    ///
    /// Notices do not arrive through a pooler that gives each transaction another connection, such
    /// as `PgBouncer` in transaction mode. The store itself works behind one: each of its calls is
    /// then a transaction, which takes three round trips more.
    #[must_use]
    pub fn listen_url(mut self, url: impl Into<String>) -> Self {
        self.listen_url = Some(url.into());
        self
    }

    sweep_options!();

    /// Returns the dialect of the database that a pool connects to.
    pub(crate) fn on(&self, pool: &sqlx::PgPool) -> Result<Postgres, StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        check_name(&self.table)?;
        if let Some(schema) = &self.schema {
            check_name(schema)?;
        }
        self.refuse_url()?;
        let options = PgConnectOptions::clone(&pool.connect_options());
        let listen_url = self.listen_url.as_ref();
        let listening = listen_url.map_or_else(|| Ok(options.clone()), |url| connecting(url))?;
        let table = Table::new(self.schema.as_deref(), &self.table);
        let options = (options, listening);
        Ok(Postgres::new(options, table, self.notify, self.timeout))
    }

    fn refuse_url(&self) -> Result<(), StoreError> {
        if self.url.is_empty() {
            return Ok(());
        }
        Err(StoreError::new(
            "the pool names the database; begin the options with for_pool, not with a URL",
        ))
    }

    pub(crate) fn check(&self) -> Result<Postgres, StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        check_name(&self.table)?;
        if let Some(schema) = &self.schema {
            check_name(schema)?;
        }
        let options = connecting(&self.url)?;
        let listen_url = self.listen_url.as_ref();
        let listening = listen_url.map_or_else(|| Ok(options.clone()), |url| connecting(url))?;
        let table = Table::new(self.schema.as_deref(), &self.table);
        let options = (options, listening);
        Ok(Postgres::new(options, table, self.notify, self.timeout))
    }
}

fn connecting(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options: PgConnectOptions = parse(url, &["postgres://", "postgresql://"])?;
    // PgBouncer refuses this setting, and there are no such numbers in the table.
    let options = options.extra_float_digits(None);
    Ok(options.disable_statement_logging())
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("table", &self.table)
            .field("schema", &self.schema)
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .field("notify", &self.notify)
            .finish_non_exhaustive()
    }
}
