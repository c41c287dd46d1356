use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Cursor, Moment, StoreError};
use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::timeout;

use super::table::{Page, Row, Table};
use crate::sql::check_name;

/// The statements on a table of ids, bytes and ends.
struct Statements {
    read: String,
    swap: String,
    remove: String,
    remove_same: String,
    page: String,
}

impl Statements {
    /// Writes them for a table whose name is quoted already; `place` writes the placeholder of a number, and `stays` sets
    /// what a database would set by itself.
    fn new(table: &str, place: fn(u8) -> String, stays: &str) -> Self {
        let [one, two, three] = [1, 2, 3].map(place);
        Self {
            read: format!("SELECT data FROM {table} WHERE id = {one}"),
            swap: format!(
                "UPDATE {table} SET data = {one}{stays} WHERE id = {two} AND data = {three}"
            ),
            remove: format!("DELETE FROM {table} WHERE id = {one}"),
            remove_same: format!("DELETE FROM {table} WHERE id = {one} AND data = {two}"),
            page: format!("SELECT id FROM {table} WHERE id > {one} ORDER BY id LIMIT {two}"),
        }
    }
}

/// Quotes the parts of a name, each of which has been checked.
fn quoted(name: &str, quote: char) -> Result<String, StoreError> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 2 {
        return Err(StoreError::new(format!(
            "table: {name:?} has more than a schema and a name"
        )));
    }
    for part in &parts {
        check_name(part)?;
    }
    let parts = parts.iter().map(|part| format!("{quote}{part}{quote}"));
    Ok(parts.collect::<Vec<_>>().join("."))
}

#[cfg(feature = "postgres")]
fn numbered(number: u8) -> String {
    format!("${number}")
}

#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn unnumbered(_: u8) -> String {
    "?".to_owned()
}

/// A pool of connections to one kind of database.
struct SqlTable<DB: sqlx::Database> {
    pool: sqlx::Pool<DB>,
    statements: Statements,
    limit: Duration,
    name: String,
    /// Returns an error as a cause that shows no row.
    cause: fn(sqlx::Error) -> Box<dyn Error + Send + Sync>,
}

impl<DB: sqlx::Database> SqlTable<DB> {
    async fn within<T>(
        &self,
        doing: &str,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let Self {
            name, limit, cause, ..
        } = self;
        let answer = timeout(*limit, call).await.map_err(|_| {
            StoreError::new(format!("can't {doing} {name}: it took too long to answer"))
        })?;
        answer.map_err(|error| {
            StoreError::new(format!("can't {doing} {name}")).caused_by(cause(error))
        })
    }
}

impl<DB: sqlx::Database> fmt::Debug for SqlTable<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

fn pool<DB: sqlx::Database>(
    pool: PoolOptions<DB>,
    options: <DB::Connection as sqlx::Connection>::Options,
    limit: Duration,
) -> sqlx::Pool<DB> {
    let pool = pool.max_connections(CONNECTIONS);
    pool.acquire_timeout(limit).connect_lazy_with(options)
}

/// Few, as each session is adopted once: those who adopt take [turns](super::turns::Turns).
const CONNECTIONS: u32 = 4;

/// The bounds are long, so that the code is written for each database.
macro_rules! table {
    ($DB:ty) => {
        #[async_trait]
        impl Table for SqlTable<$DB> {
            async fn read(&self, id: &str) -> Result<Option<Row>, StoreError> {
                let read = sqlx::query(AssertSqlSafe(&*self.statements.read)).bind(id);
                let row = self.within("read a session of", read.fetch_optional(&self.pool));
                let data = row.await?.map(|row| row.try_get(0));
                let data = data.transpose().map_err(|error| {
                    StoreError::new(format!("{} is no table of sessions", self.name))
                        .caused_by(error)
                })?;
                Ok(data.map(|data| Row { data, left: None }))
            }

            async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
                let swap = sqlx::query(AssertSqlSafe(&*self.statements.swap));
                let swap = swap.bind(new).bind(id).bind(old).execute(&self.pool);
                let done = self.within("mark a session of", swap).await?;
                Ok(done.rows_affected() > 0)
            }

            async fn remove(
                &self,
                id: &str,
                only: Option<&[u8]>,
                _: Moment,
            ) -> Result<bool, StoreError> {
                let text = match only {
                    Some(_) => &*self.statements.remove_same,
                    None => &*self.statements.remove,
                };
                let mut remove = sqlx::query(AssertSqlSafe(text)).bind(id);
                if let Some(only) = only {
                    remove = remove.bind(only);
                }
                let remove = remove.execute(&self.pool);
                let done = self.within("remove a session of", remove).await?;
                Ok(done.rows_affected() > 0)
            }

            async fn page(&self, from: &Cursor, limit: usize) -> Result<Page, StoreError> {
                let after = str::from_utf8(from.as_bytes()).unwrap_or_default();
                let most = i64::try_from(limit).unwrap_or(i64::MAX);
                let page = sqlx::query(AssertSqlSafe(&*self.statements.page));
                let page = page.bind(after).bind(most).fetch_all(&self.pool);
                let rows = self.within("list the sessions of", page).await?;
                let ids = rows.iter().map(|row| row.try_get(0));
                let ids: Result<Vec<String>, sqlx::Error> = ids.collect();
                let ids = ids.map_err(|error| {
                    StoreError::new(format!("{} has other ids", self.name)).caused_by(error)
                })?;
                let last = ids.last().filter(|_| rows.len() >= limit);
                let next = last.map(|id| Cursor::from_bytes(id.as_bytes()));
                Ok(Page { ids, next })
            }

            async fn close(&self) {
                self.pool.close().await;
            }
        }
    };
}

#[cfg(feature = "sqlite")]
table!(sqlx::Sqlite);
#[cfg(feature = "postgres")]
table!(sqlx::Postgres);
#[cfg(feature = "mysql")]
table!(sqlx::MySql);

#[cfg(feature = "sqlite")]
pub(super) fn sqlite(
    url: &str,
    table: Option<&str>,
    limit: Duration,
) -> Result<Box<dyn Table>, StoreError> {
    let path = url.trim_start_matches("sqlite:");
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.contains('?') {
        return Err(StoreError::new(
            "tower-sessions' URL: write sqlite:PATH, without options behind a question mark",
        ));
    }
    let name = table.unwrap_or("tower_sessions");
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    let options = options.filename(path).busy_timeout(limit);
    let table = SqlTable {
        statements: Statements::new(&quoted(name, '"')?, unnumbered, ""),
        pool: pool::<sqlx::Sqlite>(PoolOptions::new(), options, limit),
        limit,
        // SQLite names columns, and shows no values.
        cause: |error| Box::new(error),
        name: format!("{name} in {path}"),
    };
    Ok(Box::new(table))
}

#[cfg(feature = "postgres")]
pub(super) async fn postgres(
    url: &str,
    table: Option<&str>,
    limit: Duration,
) -> Result<Box<dyn Table>, StoreError> {
    let options: sqlx::postgres::PgConnectOptions =
        crate::server::parse(url, &["postgres://", "postgresql://"])?;
    // Behind a pooler a prepared statement may be another connection's.
    let options = options.statement_cache_capacity(0);
    let options = crate::postgres::limited(options, limit).await;
    let name = table.unwrap_or("tower_sessions.session");
    let table = SqlTable {
        name: format!("{name} on {}:{}", options.get_host(), options.get_port()),
        statements: Statements::new(&quoted(name, '"')?, numbered, ""),
        pool: pool::<sqlx::Postgres>(PoolOptions::new(), options, limit),
        limit,
        cause: crate::server::cause,
    };
    Ok(Box::new(table))
}

#[cfg(feature = "mysql")]
pub(super) fn mysql(
    url: &str,
    table: Option<&str>,
    limit: Duration,
) -> Result<Box<dyn Table>, StoreError> {
    let options: sqlx::mysql::MySqlConnectOptions =
        crate::server::parse(&url.replacen("mariadb://", "mysql://", 1), &["mysql://"])?;
    let settings: std::sync::Arc<str> =
        crate::mysql::settings(crate::server::server_limit(limit)).into();
    let setup = PoolOptions::new().after_connect(move |connection, _| {
        let settings = AssertSqlSafe(std::sync::Arc::clone(&settings));
        Box::pin(async move {
            let set = sqlx::raw_sql(settings).execute(connection);
            set.await.map(|_| ())
        })
    });
    let name = table.unwrap_or("tower_sessions.session");
    let table = SqlTable {
        name: format!("{name} on {}:{}", options.get_host(), options.get_port()),
        // The first column of that type may be set to the present moment with each change: that is how servers
        // with `explicit_defaults_for_timestamp = OFF` make it.
        statements: Statements::new(
            &quoted(name, '`')?,
            unnumbered,
            ", expiry_date = expiry_date",
        ),
        pool: pool::<sqlx::MySql>(setup, options, limit),
        limit,
        cause: crate::server::cause,
    };
    Ok(Box::new(table))
}
