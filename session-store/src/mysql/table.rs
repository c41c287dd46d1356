use sqlx::{AssertSqlSafe, Error, MySqlConnection, Row as _};

use super::dialect::Mysql;
use crate::sql::Presence::{Added, Mandatory, Optional, Unique};
use crate::sql::{Column, Found, FoundColumn, OLDEST, Schema, VERSION};

/// The table's name, which has been checked.
#[derive(Debug)]
pub(crate) struct Table(pub(crate) String);

impl Table {
    pub(super) fn quoted(&self) -> String {
        format!("`{}`", self.0)
    }

    fn version_name(&self) -> String {
        format!("{}_version", self.0)
    }
}

impl Schema for Mysql {
    type Link = MySqlConnection;

    fn quoted(&self) -> String {
        self.table.quoted()
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    async fn find(&self, connection: &mut MySqlConnection) -> Result<Option<Found>, Error> {
        let mut found = Found {
            columns: columns_of(connection, &self.table.0).await?,
            ..Found::default()
        };
        if found.columns.is_empty() {
            return Ok(None);
        }
        let indexes = sqlx::query(
            "SELECT DISTINCT CAST(LOWER(index_name) AS CHAR) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(&self.table.0)
        .fetch_all(&mut *connection)
        .await?;
        let names = indexes.iter().map(|row| row.try_get(0));
        found.indexes = names.collect::<Result<_, _>>()?;
        let is_noted = sqlx::query(
            "SELECT CAST(COUNT(*) AS SIGNED) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(self.table.version_name())
        .fetch_one(&mut *connection)
        .await?;
        if is_noted.try_get::<i64, _>(0)? != 0 {
            let noted = AssertSqlSafe(format!(
                "SELECT version, oldest FROM `{}` ORDER BY version DESC LIMIT 1",
                self.table.version_name()
            ));
            let noted = sqlx::query(noted).fetch_optional(connection).await?;
            let noted = noted.map(|row| Ok::<_, Error>((row.try_get(0)?, row.try_get(1)?)));
            found.noted = noted.transpose()?;
        }
        // Statements name the index of owners; a table without it is like an old one.
        let can_be_upgraded = |noted: &(i64, i64)| noted.1 <= VERSION;
        if !found.indexes.iter().any(|name| name == "devices") {
            found.noted = found.noted.filter(|noted| !can_be_upgraded(noted));
        }
        Ok(Some(found))
    }

    async fn begin(&self, connection: &mut MySqlConnection) -> Result<(), Error> {
        // An index takes as long as it takes. Statements that change tables commit by themselves, so
        // no transaction helps. Nobody waits for long behind one that waits for a lock. On a Galera
        // cluster the other nodes know nothing of the name; whatever fails there is looked at again.
        let begin = format!(
            "SET SESSION lock_wait_timeout = 10 /*M!100101 , max_statement_time = 0 */; \
             DO GET_LOCK(CONCAT('session ', MD5(CONCAT(DATABASE(), '.{}'))), 600)",
            self.table.0
        );
        self.run(connection, begin).await
    }

    async fn end(&self, connection: &mut MySqlConnection) -> Result<(), Error> {
        let end = format!(
            "DO RELEASE_LOCK(CONCAT('session ', MD5(CONCAT(DATABASE(), '.{}'))))",
            self.table.0
        );
        self.run(connection, end).await
    }

    async fn undo(&self, connection: &mut MySqlConnection) {
        // If that fails, the connection is broken.
        _ = self.end(connection).await;
    }

    async fn run(&self, connection: &mut MySqlConnection, sql: String) -> Result<(), Error> {
        run(connection, sql).await
    }

    fn creation(&self) -> String {
        MIGRATION.replace("`session", &format!("`{}", self.table.0))
    }

    fn upgrade(&self, found: &Found, lacking: &[Column]) -> String {
        let columns = lacking.iter().filter_map(|column| match column.presence {
            Added(kind) => Some(format!("ADD COLUMN {} {kind}", column.name)),
            _ => None,
        });
        let is_missing = |name: &str| !found.indexes.iter().any(|found| found == name);
        let indexes = INDEXES.iter().filter(|(name, _)| is_missing(name));
        let indexes = indexes.map(|(name, columns)| format!("ADD KEY {name} ({columns})"));
        let added: Vec<_> = columns.chain(indexes).collect();
        let added = match &*added.join(", ") {
            "" => String::new(),
            added => format!("ALTER TABLE {} {added}; ", self.table.quoted()),
        };
        let version = self.table.version_name();
        format!(
            "{added}\
             CREATE TABLE IF NOT EXISTS `{version}` (version BIGINT NOT NULL PRIMARY KEY, \
             oldest BIGINT NOT NULL) ENGINE = InnoDB; \
             INSERT IGNORE INTO `{version}` VALUES ({VERSION}, {OLDEST})"
        )
    }
}

/// Runs statements that `;` separates.
pub(crate) async fn run(connection: &mut MySqlConnection, sql: String) -> Result<(), Error> {
    let run = sqlx::raw_sql(AssertSqlSafe(sql));
    run.execute(connection).await.map(drop)
}

/// Returns the columns of a table; none if there is no such table.
pub(crate) async fn columns_of(
    connection: &mut MySqlConnection,
    name: &str,
) -> Result<Vec<FoundColumn>, Error> {
    // Some servers return bytes without the casts.
    let columns = sqlx::query(
        "SELECT CAST(LOWER(column_name) AS CHAR), CAST(LOWER(data_type) AS CHAR), \
         CAST(is_nullable = 'NO' AS SIGNED), \
         CAST(column_default IS NOT NULL OR extra LIKE '%auto_increment%' \
         OR extra LIKE '%GENERATED%' AS SIGNED), \
         CAST(column_key IN ('PRI', 'UNI') AS SIGNED) \
         FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = ?",
    )
    .bind(name)
    .fetch_all(connection)
    .await?;
    let is_true = |number: Result<i64, Error>| number.map(|number| number != 0);
    let found = columns.iter().map(|row| {
        Ok(FoundColumn {
            name: row.try_get(0)?,
            kind: row.try_get(1)?,
            is_mandatory: is_true(row.try_get(2))?,
            is_filled: is_true(row.try_get(3))?,
            is_unique: is_true(row.try_get(4))?,
        })
    });
    found.collect()
}

const MIGRATION: &str = include_str!("../../migrations/mysql.sql");

/// The indexes that were added to older tables.
const INDEXES: [(&str, &str); 2] = [("devices", "owner, created, `key`"), ("tag", "tag")];

/// Our columns, as `information_schema` calls their types.
const COLUMNS: [Column; 21] = [
    Column::new("id", "bigint", Unique),
    Column::new("key", "varbinary", Unique),
    Column::new("revision", "bigint", Mandatory),
    Column::new("present", "binary", Mandatory),
    Column::new("issued", "bigint", Mandatory),
    Column::new("remembered", "binary", Optional),
    Column::new("earlier", "binary", Optional),
    Column::new("remembered_until", "bigint", Optional),
    Column::new("salt", "binary", Optional),
    Column::new("closed", "tinyint", Mandatory),
    Column::new("created", "bigint", Mandatory),
    Column::new("seen", "bigint", Mandatory),
    Column::new("expires", "bigint", Mandatory),
    Column::new("authenticated", "bigint", Optional),
    Column::new("owner", "varbinary", Optional),
    Column::new("expiry", "varchar", Mandatory),
    Column::new("label", "varbinary", Added("VARBINARY(255)")),
    Column::new("address", "varbinary", Added("VARBINARY(255)")),
    Column::new("tag", "varbinary", Added("VARBINARY(255)")),
    Column::new("credential", "binary", Added("BINARY(16)")),
    Column::new("data", "longblob", Mandatory),
];
