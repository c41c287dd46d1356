use sqlx::{AssertSqlSafe, Connection as _, Error, PgConnection, Row as _};

use crate::server::Kind;

/// The table's name, whose parts have been checked.
#[derive(Debug)]
pub(super) struct Table {
    quoted: String,
    name: String,
}

impl Table {
    pub(super) fn new(schema: Option<&str>, name: &str) -> Self {
        let quoted = match schema {
            Some(schema) => format!("\"{schema}\".\"{name}\""),
            None => format!("\"{name}\""),
        };
        let name = name.to_owned();
        Self { quoted, name }
    }

    pub(super) fn quoted(&self) -> &str {
        &self.quoted
    }

    /// Returns the channel on which the table's stores notify of writes.
    ///
    /// Tables with the same name in several schemas share it. That does no harm, because no session
    /// is in two tables.
    pub(super) fn channel(&self) -> &str {
        &self.name
    }

    /// See [`Dialect::prepare`](crate::server::Dialect::prepare).
    pub(super) async fn prepare(&self, connection: &mut PgConnection) -> Result<Kind, Error> {
        if let Some(kind) = self.find(connection).await? {
            return Ok(kind);
        }
        // A table that another process creates while we wait has to be visible.
        let begin = "BEGIN ISOLATION LEVEL READ COMMITTED";
        let mut transaction = connection.begin_with(begin).await?;
        // IF NOT EXISTS alone fails if several processes do this at once.
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await?;
        let found = self.find(&mut transaction).await?;
        if found.is_none() {
            let sql = SCHEMA.replace("\"session\"", &self.quoted);
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(found.unwrap_or(Kind::Ours))
    }

    async fn find(&self, connection: &mut PgConnection) -> Result<Option<Kind>, Error> {
        let columns = sqlx::query(
            "SELECT a.attname::text, format_type(a.atttypid, NULL), a.attnotnull, \
             EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique \
             AND i.indpred IS NULL AND i.indkey::text = a.attnum::text) \
             FROM pg_attribute AS a WHERE a.attrelid = to_regclass($1) \
             AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname COLLATE \"C\"",
        )
        .bind(&self.quoted)
        .fetch_all(connection)
        .await?;
        if columns.is_empty() {
            return Ok(None);
        }
        let columns = columns
            .iter()
            .map(|row| {
                Ok((
                    row.try_get(0)?,
                    row.try_get(1)?,
                    row.try_get(2)?,
                    row.try_get(3)?,
                ))
            })
            .collect::<Result<Vec<(&str, &str, bool, bool)>, Error>>()?;
        Ok(Some(if columns == COLUMNS {
            Kind::Ours
        } else {
            Kind::Foreign
        }))
    }
}

const SCHEMA: &str = include_str!("../../migrations/postgres.sql");

/// The bytes of "session" as a number.
const LOCK: i64 = 0x7365_7373_696f_6e00;

/// Name, type, whether it is mandatory and whether it is unique by itself; sorted by name.
const COLUMNS: [(&str, &str, bool, bool); 20] = [
    ("address", "bytea", false, false),
    ("authenticated", "bigint", false, false),
    ("closed", "boolean", true, false),
    ("created", "bigint", true, false),
    ("credential", "bytea", false, false),
    ("data", "bytea", true, false),
    ("earlier", "bytea", false, false),
    ("expires", "bigint", true, false),
    ("expiry", "text", true, false),
    ("issued", "bigint", true, false),
    ("key", "bytea", true, true),
    ("label", "bytea", false, false),
    ("owner", "bytea", false, false),
    ("present", "bytea", true, false),
    ("remembered", "bytea", false, false),
    ("remembered_until", "bigint", false, false),
    ("revision", "bigint", true, false),
    ("salt", "bytea", false, false),
    ("seen", "bigint", true, false),
    ("tag", "bytea", false, false),
];
