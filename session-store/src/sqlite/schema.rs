use session_core::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, Row as _, Sqlite, SqliteConnection, Transaction};

use super::failure::Place;

const SCHEMA: &str = include_str!("../../migrations/sqlite.sql");

/// The version that stands in the table's definition, after the mark.
const VERSION: u32 = 2;

const MARK: &str = "session-store schema ";

/// Name, type and whether it is mandatory; version 1 had all but the last two.
const COLUMNS: [(&str, &str, bool); 12] = [
    ("key", "BLOB", true),
    ("revision", "INTEGER", true),
    ("public_id", "BLOB", true),
    ("created", "INTEGER", true),
    ("seen", "INTEGER", true),
    ("expires", "INTEGER", true),
    ("authenticated", "INTEGER", false),
    ("owner", "TEXT", false),
    ("expiry", "TEXT", true),
    ("data", "TEXT", true),
    ("previous", "BLOB", false),
    ("remembered", "INTEGER", false),
];

/// Makes the table unless it is there, brings an older one up to date, and refuses one that is not
/// ours.
pub(super) async fn prepare(
    connection: &mut SqliteConnection,
    table: &str,
    place: &Place,
) -> Result<(), StoreError> {
    let failure = |error| place.failure("open", error);
    // A table that is there needs no lock.
    let found = find(connection, table).await.map_err(failure)?;
    if let Some(found) = found.filter(|found| !found.is_older()) {
        return found.check(table, place);
    }
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(failure)?;
    // Another process may have been faster.
    let found = find(&mut transaction, table).await.map_err(failure)?;
    match found {
        Some(found) if found.is_older() => upgrade(&mut transaction, table).await,
        Some(found) => return found.check(table, place),
        None => create(&mut transaction, table).await,
    }
    .map_err(failure)?;
    transaction.commit().await.map_err(failure)
}

/// Puts the sessions of a table of version 1 into one of the present version.
async fn upgrade(
    transaction: &mut Transaction<'_, Sqlite>,
    table: &str,
) -> Result<(), sqlx::Error> {
    let execute = async |transaction: &mut Transaction<'_, Sqlite>, sql: String| {
        let statement = sqlx::query(AssertSqlSafe(sql));
        statement.execute(&mut **transaction).await.map(drop)
    };
    for sql in [
        format!("DROP INDEX \"{table}_expires\""),
        format!("DROP INDEX \"{table}_owner\""),
        format!("ALTER TABLE \"{table}\" RENAME TO \"{table}_1\""),
    ] {
        execute(transaction, sql).await?;
    }
    create(transaction, table).await?;
    for sql in [
        format!("INSERT INTO \"{table}\" SELECT *, NULL, NULL FROM \"{table}_1\""),
        format!("DROP TABLE \"{table}_1\""),
    ] {
        execute(transaction, sql).await?;
    }
    Ok(())
}

async fn create(transaction: &mut Transaction<'_, Sqlite>, table: &str) -> Result<(), sqlx::Error> {
    let sql = SCHEMA.replace("\"session", &format!("\"{table}"));
    let made = sqlx::raw_sql(AssertSqlSafe(sql));
    made.execute(&mut **transaction).await.map(drop)
}

/// What has our table's name.
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
    /// Says whether it is our table as an earlier version has made it.
    fn is_older(&self) -> bool {
        self.version() == Some(1) && self.has(&COLUMNS[..10])
    }

    fn check(&self, table: &str, place: &Place) -> Result<(), StoreError> {
        let version = self.version().unwrap_or(VERSION);
        if version > VERSION {
            return Err(StoreError::new(format!(
                "can't open {place}: its table {table:?} was made by a newer session-store \
                 (schema {version}, and this one knows {VERSION}); update this program, or name \
                 another table"
            )));
        }
        if self.has(&COLUMNS) {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "can't open {place}: its table {table:?} was not made by session-store; name another \
             table with SqliteOptions::table, or another file"
        )))
    }

    fn has(&self, expected: &[(&str, &str, bool)]) -> bool {
        let columns = self.columns.iter();
        columns
            .map(|(name, kind, is_mandatory)| (name.as_str(), kind.as_str(), *is_mandatory))
            .eq(expected.iter().copied())
    }

    fn version(&self) -> Option<u32> {
        let (_, after) = self.sql.split_once(MARK)?;
        after.split(' ').next()?.parse().ok()
    }
}
