use std::sync::Arc;

use sqlx::{Error, MySqlConnection};

use super::schema::{DjangoSchema, columns};
use super::server::DjangoDialect;
use super::statements::{KeyMatch, Words};
use crate::mysql::{Mysql, columns_of};
use crate::server::Dialect as _;
use crate::sql::{Column, Driver as _, Effect, FoundColumn, Value};

impl DjangoDialect for Mysql {
    /// A walk goes by the key, in the order of its collation.
    const WORDS: Words = Words {
        moment: "CAST(? AS DATETIME(6))",
        // The column alone would lead MariaDB to the column's index. It would lock the index first and the row then,
        // where Django's saves do it the other way round: a deadlock, which is a 400 for Django's user.
        end: "expire_date + INTERVAL 0 SECOND",
        ends: "CAST(expire_date AS CHAR)",
        place: "session_key",
        after: "session_key > ?",
        order: "session_key",
        same_data: "CAST(session_data AS BINARY) = ?",
        key: KeyMatch::Twice,
        or_ignore: "",
        // The comments are for MySQL and for MariaDB, each from that version on. Another join order
        // would lock rows that are not removed.
        sweep: "DELETE gone FROM (SELECT session_key FROM TABLE \
                WHERE expire_date >= CAST(? AS DATETIME(6)) AND expire_date <= CAST(? AS DATETIME(6)) \
                ORDER BY expire_date LIMIT ? \
                /*!80001 FOR UPDATE SKIP LOCKED */ /*M!100600 FOR UPDATE SKIP LOCKED */) AS found \
                STRAIGHT_JOIN TABLE AS gone ON gone.session_key = found.session_key \
                WHERE gone.expire_date <= CAST(? AS DATETIME(6))",
    };

    async fn sweep_rows(
        &self,
        connection: &mut MySqlConnection,
        sweep: &Arc<str>,
        (from, now): (Option<&str>, &str),
        limit: i64,
    ) -> Result<(usize, Option<String>), Error> {
        // MySQL can't return removed rows, so the last one to remove is looked up first.
        let last = "SELECT CAST(expire_date AS CHAR) FROM TABLE \
                    WHERE expire_date >= CAST(? AS DATETIME(6)) \
                    AND expire_date <= CAST(? AS DATETIME(6)) ORDER BY expire_date LIMIT 1 OFFSET ?";
        let last: Arc<str> = self.sql(Effect::Nothing, last).into();
        let (last, sweep) = match from {
            Some(_) => (last, Arc::clone(sweep)),
            // The column may have `0000-00-00`, which many a mode has no text for.
            None => (unbounded(&last), unbounded(sweep)),
        };
        let (from, now) = (from.map(Value::Text), Value::Text(now));
        let ends: Vec<_> = from.into_iter().chain([now]).collect();
        let skipped = Value::Number(limit.saturating_sub(1).max(0));
        let values = [&ends[..], &[skipped]].concat();
        let end = sqlx::MySql::statement(&last, &values);
        let end = end.fetch_optional(&mut *connection).await?;
        let end = end.and_then(|row| sqlx::MySql::text(&row, 0));
        let values = [&ends[..], &[Value::Number(limit), now]].concat();
        let count = self.matched(connection, &sweep, &values).await?;
        Ok((count, end))
    }
}

/// Returns the statement for sessions that have ended at any time before.
fn unbounded(text: &str) -> Arc<str> {
    text.replacen("expire_date >= CAST(? AS DATETIME(6)) AND", "", 1)
        .into()
}

impl DjangoSchema for Mysql {
    const COLUMNS: [Column; 3] = columns("varchar", "longtext", "datetime");

    const CREATION: &'static str = "\
        CREATE TABLE `django_session` (`session_key` varchar(40) NOT NULL PRIMARY KEY, \
        `session_data` longtext NOT NULL, `expire_date` datetime(6) NOT NULL); \
        CREATE INDEX `django_session_expire_date_a5c62663` ON `django_session` (`expire_date`)";

    async fn found(&self, connection: &mut MySqlConnection) -> Result<Vec<FoundColumn>, Error> {
        columns_of(connection, &self.table.0).await
    }
}
