use std::sync::Arc;

use sqlx::{Error, PgConnection, Row as _};

use super::schema::{DjangoSchema, columns};
use super::server::DjangoDialect;
use super::statements::{KeyMatch, Words};
use crate::postgres::{Postgres, columns_of};
use crate::server::Dialect as _;
use crate::sql::{Column, Driver as _, FoundColumn, Schema as _, Value};

impl DjangoDialect for Postgres {
    /// A walk goes by the key.
    const WORDS: Words = Words {
        moment: "(?::text || '+00')::timestamptz",
        end: "expire_date",
        ends: "to_char(expire_date AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        place: "session_key",
        after: "session_key > ?",
        order: "session_key",
        same_data: "session_data = ?",
        key: KeyMatch::Plain,
        or_ignore: "",
        // The array is evaluated once; a joined subquery might be run again, past the limit.
        sweep: "WITH gone AS (DELETE FROM TABLE WHERE session_key = ANY (ARRAY (\
                SELECT session_key FROM TABLE WHERE expire_date >= (?::text || '+00')::timestamptz \
                AND expire_date <= (?::text || '+00')::timestamptz ORDER BY expire_date LIMIT ? \
                FOR UPDATE SKIP LOCKED)) RETURNING expire_date) SELECT count(*), \
                to_char(max(expire_date) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') FROM gone",
    };

    async fn sweep_rows(
        &self,
        connection: &mut PgConnection,
        sweep: &Arc<str>,
        (from, now): (Option<&str>, &str),
        limit: i64,
    ) -> Result<(usize, Option<String>), Error> {
        let from = from.unwrap_or(BEGINNING);
        let values = [Value::Text(from), Value::Text(now), Value::Number(limit)];
        let sweep = sqlx::Postgres::statement(sweep, &values);
        let sweep = sweep.persistent(self.prepared().is_kept());
        let row = sweep.fetch_one(connection).await?;
        let count: i64 = row.try_get(0)?;
        Ok((usize::try_from(count).unwrap_or(0), row.try_get(1)?))
    }
}

/// Before the end of every session.
const BEGINNING: &str = "0001-01-01 00:00:00";

impl DjangoSchema for Postgres {
    const COLUMNS: [Column; 3] = columns("character varying", "text", "timestamp with time zone");

    const CREATION: &'static str = "\
        CREATE TABLE \"django_session\" (\"session_key\" varchar(40) NOT NULL PRIMARY KEY, \
        \"session_data\" text NOT NULL, \"expire_date\" timestamp with time zone NOT NULL); \
        CREATE INDEX \"django_session_session_key_c0390e0f_like\" ON \"django_session\" \
        (\"session_key\" varchar_pattern_ops); \
        CREATE INDEX \"django_session_expire_date_a5c62663\" ON \"django_session\" (\"expire_date\")";

    async fn found(&self, connection: &mut PgConnection) -> Result<Vec<FoundColumn>, Error> {
        columns_of(connection, &self.quoted()).await
    }
}
