use sqlx::{AssertSqlSafe, Error, PgConnection, Row as _};

use super::dialect::Postgres;
use crate::sql::Presence::{Added, Mandatory, Optional, Unique};
use crate::sql::{Column, Found, FoundColumn, OLDEST, Schema, VERSION};

/// The table's name, whose parts have been checked.
#[derive(Debug)]
pub(crate) struct Table {
    /// What comes before the name: nothing, or the schema and a point.
    schema: String,
    name: String,
    quoted: String,
}

impl Table {
    pub(super) fn new(schema: Option<&str>, name: &str) -> Self {
        let schema = schema.map_or_else(String::new, |schema| format!("\"{schema}\"."));
        Self {
            quoted: format!("{schema}\"{name}\""),
            schema,
            name: name.to_owned(),
        }
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

    fn version_table(&self) -> String {
        format!("{}\"{}_version\"", self.schema, self.name)
    }
}

impl Schema for Postgres {
    type Link = PgConnection;

    fn quoted(&self) -> String {
        self.table.quoted().to_owned()
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    async fn find(&self, connection: &mut PgConnection) -> Result<Option<Found>, Error> {
        let mut found = Found {
            columns: columns_of(connection, self.table.quoted()).await?,
            ..Found::default()
        };
        if found.columns.is_empty() {
            return Ok(None);
        }
        let is_noted = sqlx::query("SELECT to_regclass($1) IS NOT NULL")
            .bind(self.table.version_table())
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        if is_noted.try_get(0)? {
            let noted = AssertSqlSafe(format!(
                "SELECT version, oldest FROM {} ORDER BY version DESC LIMIT 1",
                self.table.version_table()
            ));
            let noted = sqlx::query(noted).persistent(false);
            let noted = noted.fetch_optional(connection).await?;
            let noted = noted.map(|row| Ok::<_, Error>((row.try_get(0)?, row.try_get(1)?)));
            found.noted = noted.transpose()?;
        }
        Ok(Some(found))
    }

    async fn begin(&self, connection: &mut PgConnection) -> Result<(), Error> {
        // A table that another node makes while we wait has to be visible. An index takes as long
        // as it takes, but nobody waits for long behind a statement that waits for a lock.
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; \
             SELECT pg_advisory_xact_lock({LOCK}); SET LOCAL lock_timeout = '10s'"
        );
        self.run(connection, begin).await
    }

    async fn end(&self, connection: &mut PgConnection) -> Result<(), Error> {
        self.run(connection, "COMMIT".to_owned()).await
    }

    async fn undo(&self, connection: &mut PgConnection) {
        // If that fails, the connection is broken.
        _ = self.run(connection, "ROLLBACK".to_owned()).await;
    }

    async fn run(&self, connection: &mut PgConnection, sql: String) -> Result<(), Error> {
        run(connection, sql).await
    }

    fn creation(&self) -> String {
        let Table { quoted, name, .. } = &self.table;
        let mut parts = MIGRATION.split("\"session");
        let mut sql = parts.next().unwrap_or_default().to_owned();
        // In one pass, because the new names may contain the old one.
        for (ending, rest) in parts.filter_map(|part| part.split_once('"')) {
            let new = match ending {
                "" => quoted.clone(),
                "_version" => self.table.version_table(),
                // An index is in its table's schema.
                ending => format!("\"{name}{ending}\""),
            };
            sql += &new;
            sql += rest;
        }
        sql
    }

    fn upgrade(&self, _: &Found, lacking: &[Column]) -> String {
        let Table { quoted, name, .. } = &self.table;
        let version = self.table.version_table();
        let added = lacking.iter().filter_map(|column| match column.presence {
            Added(kind) => Some(format!("ADD COLUMN {} {kind}", column.name)),
            _ => None,
        });
        let added: Vec<_> = added.collect();
        let added = match &*added.join(", ") {
            "" => String::new(),
            added => format!("ALTER TABLE {quoted} {added}; "),
        };
        format!(
            "{added}\
             CREATE INDEX IF NOT EXISTS \"{name}_devices\" ON {quoted} (owner, created, key) \
             WHERE owner IS NOT NULL; \
             CREATE INDEX IF NOT EXISTS \"{name}_tag\" ON {quoted} (tag) WHERE tag IS NOT NULL; \
             CREATE TABLE IF NOT EXISTS {version} (version bigint PRIMARY KEY, \
             oldest bigint NOT NULL); \
             INSERT INTO {version} VALUES ({VERSION}, {OLDEST}) ON CONFLICT DO NOTHING"
        )
    }
}

/// Runs statements that `;` separates.
pub(crate) async fn run(connection: &mut PgConnection, sql: String) -> Result<(), Error> {
    let run = sqlx::raw_sql(AssertSqlSafe(sql));
    run.execute(connection).await.map(drop)
}

/// Returns the columns of a table; none if there is no such table.
pub(crate) async fn columns_of(
    connection: &mut PgConnection,
    quoted: &str,
) -> Result<Vec<FoundColumn>, Error> {
    let columns = sqlx::query(
        "SELECT a.attname::text, format_type(a.atttypid, NULL), a.attnotnull, \
         a.atthasdef OR a.attidentity <> '', \
         EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = a.attrelid AND i.indisunique \
         AND i.indpred IS NULL AND i.indkey::text = a.attnum::text) \
         FROM pg_attribute AS a WHERE a.attrelid = to_regclass($1) \
         AND a.attnum > 0 AND NOT a.attisdropped",
    )
    .bind(quoted)
    // It runs once, and behind a pooler other programs get the connection.
    .persistent(false)
    .fetch_all(connection)
    .await?;
    let found = columns.iter().map(|row| {
        Ok(FoundColumn {
            name: row.try_get(0)?,
            kind: row.try_get(1)?,
            is_mandatory: row.try_get(2)?,
            is_filled: row.try_get(3)?,
            is_unique: row.try_get(4)?,
        })
    });
    found.collect()
}

const MIGRATION: &str = include_str!("../../migrations/postgres.sql");

/// The bytes of "session" as a number.
const LOCK: i64 = 0x7365_7373_696f_6e00;

/// Our columns, as `format_type` calls their types.
const COLUMNS: [Column; 20] = [
    Column::new("key", "bytea", Unique),
    Column::new("revision", "bigint", Mandatory),
    Column::new("present", "bytea", Mandatory),
    Column::new("issued", "bigint", Mandatory),
    Column::new("remembered", "bytea", Optional),
    Column::new("earlier", "bytea", Optional),
    Column::new("remembered_until", "bigint", Optional),
    Column::new("salt", "bytea", Optional),
    Column::new("closed", "boolean", Mandatory),
    Column::new("created", "bigint", Mandatory),
    Column::new("seen", "bigint", Mandatory),
    Column::new("expires", "bigint", Mandatory),
    Column::new("authenticated", "bigint", Optional),
    Column::new("owner", "bytea", Optional),
    Column::new("expiry", "text", Mandatory),
    Column::new("label", "bytea", Added("bytea")),
    Column::new("address", "bytea", Added("bytea")),
    Column::new("tag", "bytea", Added("bytea")),
    Column::new("credential", "bytea", Added("bytea")),
    Column::new("data", "bytea", Mandatory),
];
