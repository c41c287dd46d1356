use std::fmt;
use std::time::Duration;

use session_core::StoreError;
use sqlx::ConnectOptions as _;
use sqlx::mysql::MySqlConnectOptions;

use super::dialect::Mysql;
use super::table::Table;
use crate::server::parse;
use crate::sql::{Migration, check_name};
use crate::time_out::check_timeout;
use crate::upkeep::{Sweeping, sweep_options};

/// The options of a [`MysqlStore`](crate::MysqlStore).
///
/// `Debug` does not show the URL, which may hold a password.
///
/// ```
/// use session_store::MysqlOptions;
/// use std::time::Duration;
///
/// let options = MysqlOptions::new("mysql://app:secret@db.example/shop?ssl-mode=VERIFY_IDENTITY")
///     .table("web_session")
///     .connections(20)
///     .timeout(Duration::from_secs(2));
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct MysqlOptions {
    url: String,
    table: String,
    pub(super) connections: u32,
    pub(super) timeout: Duration,
    pub(super) migration: Migration,
    pub(super) sweeping: Sweeping,
}

impl MysqlOptions {
    /// Chooses a database by its URL, `mysql://user:password@host:port/database`.
    ///
    /// The scheme may also be `mariadb`. TLS is used if the server offers it;
    /// `?ssl-mode=VERIFY_IDENTITY` requires it and checks the server's certificate against the
    /// system's authorities or `&ssl-ca=FILE`. A MySQL user with `caching_sha2_password` needs TLS.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            table: "session".to_owned(),
            connections: 10,
            timeout: Duration::from_secs(5),
            migration: Migration::Allowed,
            sweeping: Sweeping::default(),
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

    sweep_options!();

    /// Returns the dialect of the database that a pool connects to.
    pub(crate) fn on(&self, pool: &sqlx::MySqlPool) -> Result<Mysql, StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        check_name(&self.table)?;
        self.refuse_url()?;
        let options = MySqlConnectOptions::clone(&pool.connect_options());
        if options.get_database().is_none() {
            return Err(StoreError::new("the pool's URL names no database"));
        }
        Ok(Mysql::new(options, Table(self.table.clone()), self.timeout))
    }

    fn refuse_url(&self) -> Result<(), StoreError> {
        if self.url.is_empty() {
            return Ok(());
        }
        Err(StoreError::new(
            "the pool names the database; begin the options with for_pool, not with a URL",
        ))
    }

    pub(crate) fn check(&self) -> Result<Mysql, StoreError> {
        check_timeout(self.timeout)?;
        self.sweeping.check()?;
        check_name(&self.table)?;
        let options: MySqlConnectOptions = parse(&self.url, &["mysql://", "mariadb://"])?;
        if options.get_database().is_none() {
            return Err(StoreError::new(
                "the database's URL names no database; it must end in /NAME",
            ));
        }
        // `Mysql::connect` sets these in one statement.
        let options = options
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .set_names(false)
            .disable_statement_logging();
        Ok(Mysql::new(options, Table(self.table.clone()), self.timeout))
    }
}

impl fmt::Debug for MysqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MysqlOptions")
            .field("table", &self.table)
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
