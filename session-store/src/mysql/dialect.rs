use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlQueryResult};
use sqlx::{Error, Row as _};

use super::server::number;
use super::table::Table;
use crate::server::{Dialect, server_limit};
use crate::sql::{Driver as _, Effect, LISTED, Value};

/// A MySQL or MariaDB database and the table in it.
pub(crate) struct Mysql {
    pub(super) options: MySqlConnectOptions,
    pub(crate) table: Table,
    pub(super) sweep_end: Arc<str>,
    pub(super) sweep: Arc<str>,
    /// What each new connection is told.
    pub(super) settings: Arc<str>,
}

impl Mysql {
    pub(super) fn new(options: MySqlConnectOptions, table: Table, timeout: Duration) -> Self {
        let sql = |text: &str| text.replace("TABLE", &table.quoted()).into();
        Self {
            sweep_end: sql(SWEEP_END),
            sweep: sql(SWEEP),
            settings: settings(server_limit(timeout)).into(),
            options,
            table,
        }
    }
}

impl Dialect for Mysql {
    type Driver = sqlx::MySql;

    // In whole seconds: a local time with fractions would be ambiguous when summer time ends.
    const TIME: &'static str = "SELECT CAST(UNIX_TIMESTAMP() * 1000000 AS SIGNED)";

    fn sql(&self, _: Effect, template: &str) -> String {
        // A taken key is an error: `ON DUPLICATE KEY` would count a row that it leaves alone like a
        // new one, and `IGNORE` would cut off values that do not fit.
        let text = template.replace("IF_ABSENT", "").replace("TEXT", "?");
        let text = text.replace("KEY", "`key`");
        // MariaDB would rather read all the owner's sessions from the newest on.
        let text = text.replace("BY_RANGE", "FORCE INDEX (devices)");
        text.replace("TABLE", &self.table.quoted())
    }

    fn count(done: &MySqlQueryResult) -> u64 {
        done.rows_affected()
    }

    async fn revoke(
        &self,
        connection: &mut MySqlConnection,
        text: &Arc<str>,
        values: &[Value<'_>],
        now: i64,
    ) -> Result<usize, Error> {
        // MySQL only returns how many rows it has removed, so those that do not count go first. A
        // session that changes between the two statements is removed all the same, and at worst
        // counted wrongly.
        let uncounted = format!("{text} AND NOT ({LISTED})").into();
        let with_now = [values, &[Value::Number(now)]].concat();
        self.matched(connection, &uncounted, &with_now).await?;
        self.matched(connection, text, values).await
    }

    async fn sweep(
        &self,
        connection: &mut MySqlConnection,
        from: i64,
        now: i64,
        limit: i64,
    ) -> Result<(usize, Option<i64>), Error> {
        // MySQL can't return removed rows, so the last one to remove is looked up first.
        let last = limit.saturating_sub(1).max(0);
        let values = [from, now, last].map(Value::Number);
        let end = sqlx::MySql::statement(&self.sweep_end, &values);
        let end = end.fetch_optional(&mut *connection).await?;
        let end = end.map(|row| row.try_get(0)).transpose()?;
        let values = [from, now, limit, now].map(Value::Number);
        let count = self.matched(connection, &self.sweep, &values).await?;
        Ok((count, end))
    }

    async fn flaw(connection: &mut MySqlConnection) -> Result<Option<&'static str>, Error> {
        let ask = "SELECT CAST(@@SESSION.autocommit AS SIGNED), \
                   CAST(@@SESSION.sql_mode LIKE '%STRICT_%TABLES%' AS SIGNED)";
        let row = sqlx::query(ask).fetch_one(connection).await?;
        let [commits, is_strict]: [i64; 2] = [row.try_get(0)?, row.try_get(1)?];
        Ok(match (commits, is_strict) {
            (0, _) => Some("do not commit by themselves; set autocommit = 1 after they connect"),
            (_, 0) => Some(
                "cut off what is too long, such as an owner's name; add STRICT_ALL_TABLES to \
                 their sql_mode after they connect",
            ),
            _ => None,
        })
    }

    fn lacks_right(error: &Error) -> bool {
        matches!(number(error), Some(1142 | 1143))
    }
}

/// Makes the statement that sets up a connection.
///
/// Each statement commits by itself, and a value that does not fit is an error: otherwise a long
/// owner would be silently truncated to another owner. MariaDB limits every statement, MySQL only
/// those that read; the others wait for nothing but locks.
pub(crate) fn settings(limit: Duration) -> String {
    let (seconds, millis) = (limit.as_secs().max(1), limit.as_millis().max(1));
    let exact = limit.as_secs_f64();
    format!(
        "SET autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
         innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds} \
         /*!50708 , max_execution_time = {millis} */ /*M!100101 , max_statement_time = {exact} */"
    )
}

const SWEEP_END: &str = "\
    SELECT expires FROM TABLE WHERE expires >= ? AND expires <= ? \
    ORDER BY expires LIMIT 1 OFFSET ?";

/// Concurrent sweeps take different rows and wait for no lock, if the server has SKIP LOCKED.
///
/// The first comment is for MySQL, the second for MariaDB, each from that version on. Another join
/// order would lock rows that are not removed.
const SWEEP: &str = "\
    DELETE gone FROM (SELECT id FROM TABLE \
    WHERE expires >= ? AND expires <= ? ORDER BY expires LIMIT ? \
    /*!80001 FOR UPDATE SKIP LOCKED */ /*M!100600 FOR UPDATE SKIP LOCKED */) AS found \
    STRAIGHT_JOIN TABLE AS gone ON gone.id = found.id WHERE gone.expires <= ?";
