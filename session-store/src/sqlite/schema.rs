use session_core::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, Sqlite, SqliteConnection, Transaction};

use super::failure::Location;

const SCHEMA: &str = include_str!("../../migrations/sqlite.sql");

/// The version in the table's definition, after the mark.
const VERSION: u32 = 1;

const MARK: &str = "session-store schema ";

/// Name, type and whether it is mandatory.
const COLUMNS: [(&str, &str, bool); 20] = [
    ("key", "BLOB", true),
    ("revision", "INTEGER", true),
    ("present", "BLOB", true),
    ("issued", "INTEGER", true),
    ("remembered", "BLOB", false),
    ("earlier", "BLOB", false),
    ("remembered_until", "INTEGER", false),
    ("salt", "BLOB", false),
    ("closed", "INTEGER", true),
    ("created", "INTEGER", true),
    ("seen", "INTEGER", true),
    ("expires", "INTEGER", true),
    ("authenticated", "INTEGER", false),
    ("owner", "TEXT", false),
    ("expiry", "TEXT", true),
    ("label", "TEXT", false),
    ("address", "TEXT", false),
    ("tag", "TEXT", false),
    ("credential", "BLOB", false),
    ("data", "TEXT", true),
];

/// Creates the table unless it exists, and refuses one that is not ours.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    table: &str,
    location: &Location,
) -> Result<(), StoreError> {
    let failure = |error| location.failure("open", error);
    // An existing table needs no lock.
    if let Some(found) = find(connection, table).await.map_err(failure)? {
        return found.check(table, location);
    }
    let begin = connection.begin_with("BEGIN IMMEDIATE");
    let mut transaction = begin.await.map_err(failure)?;
    // Another process may have created it meanwhile.
    if let Some(found) = find(&mut transaction, table).await.map_err(failure)? {
        return found.check(table, location);
    }
    create(&mut transaction, table).await.map_err(failure)?;
    transaction.commit().await.map_err(failure)
}

async fn create(transaction: &mut Transaction<'_, Sqlite>, table: &str) -> Result<(), sqlx::Error> {
    let sql = SCHEMA.replace("\"session", &format!("\"{table}"));
    let made = sqlx::raw_sql(AssertSqlSafe(sql));
    made.execute(&mut **transaction).await.map(drop)
}

/// The table, view or index that has our table's name.
struct Found {
    sql: String,
    columns: Vec<(String, String, bool)>,
}

async fn find(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<Option<Found>, sqlx::Error> {
    let sql = sqlx::query("SELECT sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE")
        .bind(table)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(sql) = sql else {
        return Ok(None);
    };
    let columns = sqlx::query("SELECT name, type, \"notnull\" FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;
    let columns = columns
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)))
        .collect::<Result<_, sqlx::Error>>()?;
    let sql: Option<String> = sql.try_get(0)?;
    Ok(Some(Found {
        sql: sql.unwrap_or_default(),
        columns,
    }))
}

impl Found {
    fn check(&self, table: &str, location: &Location) -> Result<(), StoreError> {
        let version = self.version().unwrap_or(VERSION);
        if version > VERSION {
            return Err(StoreError::new(format!(
                "can't open {location}: its table {table:?} was made by a newer session-store \
                 (schema {version}, and this one knows {VERSION}); update this program, or name \
                 another table"
            )));
        }
        if COLUMNS.iter().all(|column| self.has(column)) {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "can't open {location}: its table {table:?} was not made by session-store; name another \
             table with SqliteOptions::table, or another file"
        )))
    }

    /// Says whether the table has the column; further ones may be the application's.
    fn has(&self, &(name, kind, is_mandatory): &(&str, &str, bool)) -> bool {
        let mut columns = self.columns.iter();
        columns.any(|column| column.0 == name && column.1 == kind && column.2 == is_mandatory)
    }

    fn version(&self) -> Option<u32> {
        let (_, after) = self.sql.split_once(MARK)?;
        after.split(' ').next()?.parse().ok()
    }
}
