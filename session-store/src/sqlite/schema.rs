use session_core::StoreError;
use sqlx::{AssertSqlSafe, Error, Row as _, SqliteConnection};

use super::failure::Location;
use crate::sql::Presence::{Added, Mandatory, Optional, Unique};
use crate::sql::{
    Column, Found, FoundColumn, Migration, Need, OLDEST, Schema, Trouble, VERSION, change, look,
};

/// The table's name, which has been checked.
#[derive(Debug)]
pub(crate) struct Table(pub(crate) String);

impl Schema for Table {
    type Link = SqliteConnection;

    fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    async fn find(&self, connection: &mut SqliteConnection) -> Result<Option<Found>, Error> {
        let version_name = format!("{}_version", self.0);
        let names = sqlx::query(
            "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE), \
             (SELECT count(*) FROM sqlite_schema WHERE name = ?2 COLLATE NOCASE)",
        )
        .bind(&self.0)
        .bind(&version_name)
        .fetch_one(&mut *connection)
        .await?;
        let [is_found, is_noted]: [bool; 2] = [names.try_get(0)?, names.try_get(1)?];
        if !is_found {
            return Ok(None);
        }
        let mut found = Found {
            columns: columns_of(connection, &self.0).await?,
            ..Found::default()
        };
        if is_noted {
            let noted = AssertSqlSafe(format!(
                "SELECT version, oldest FROM \"{version_name}\" ORDER BY version DESC LIMIT 1"
            ));
            let noted = sqlx::query(noted).fetch_optional(connection).await?;
            let noted = noted.map(|row| Ok::<_, Error>((row.try_get(0)?, row.try_get(1)?)));
            found.noted = noted.transpose()?;
        }
        Ok(Some(found))
    }

    async fn begin(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        self.run(connection, "BEGIN IMMEDIATE".to_owned()).await
    }

    async fn end(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        self.run(connection, "COMMIT".to_owned()).await
    }

    async fn undo(&self, connection: &mut SqliteConnection) {
        // If that fails, the connection is broken.
        _ = self.run(connection, "ROLLBACK".to_owned()).await;
    }

    async fn run(&self, connection: &mut SqliteConnection, sql: String) -> Result<(), Error> {
        run(connection, sql).await
    }

    fn creation(&self) -> String {
        MIGRATION.replace("\"session", &format!("\"{}", self.0))
    }

    fn upgrade(&self, _: &Found, lacking: &[Column]) -> String {
        let Self(name) = self;
        let added = lacking.iter().filter_map(|column| match column.presence {
            Added(kind) => {
                let column = column.name;
                Some(format!(
                    "ALTER TABLE \"{name}\" ADD COLUMN {column} {kind}; "
                ))
            }
            _ => None,
        });
        let added: String = added.collect();
        format!(
            "{added}\
             CREATE INDEX IF NOT EXISTS \"{name}_devices\" ON \"{name}\" (owner, created, key) \
             WHERE owner IS NOT NULL; \
             CREATE INDEX IF NOT EXISTS \"{name}_tag\" ON \"{name}\" (tag) WHERE tag IS NOT NULL; \
             CREATE TABLE IF NOT EXISTS \"{name}_version\" (version INTEGER PRIMARY KEY, \
             oldest INTEGER NOT NULL) STRICT; \
             INSERT INTO \"{name}_version\" VALUES ({VERSION}, {OLDEST}) ON CONFLICT DO NOTHING"
        )
    }
}

/// Makes the table or upgrades it if it needs that, and refuses one that is not ours.
pub(super) async fn prepare<S: Schema<Link = SqliteConnection>>(
    connection: &mut SqliteConnection,
    schema: &S,
    migration: Migration,
    location: &Location,
) -> Result<(), StoreError> {
    let trouble = match (look(schema, connection).await, migration) {
        (Ok(Need::Nothing), _) => return Ok(()),
        (Ok(Need::Creation), Migration::Never) => Trouble::Missing,
        (Ok(Need::Upgrade(sql)), Migration::Never) => Trouble::Old(sql),
        (Ok(_), Migration::Allowed) => match change(schema, connection).await {
            Ok(()) => return Ok(()),
            Err(trouble) => trouble,
        },
        (Err(trouble), _) => trouble,
    };
    let doing = format!("use table {} in", schema.quoted());
    let text = schema.explain(&trouble);
    Err(match trouble.into_error() {
        Some(error) => location.failure(&doing, error),
        None => StoreError::new(format!("can't {doing} {location}: {text}")),
    })
}

/// Runs statements that `;` separates.
pub(crate) async fn run(connection: &mut SqliteConnection, sql: String) -> Result<(), Error> {
    let run = sqlx::raw_sql(AssertSqlSafe(sql));
    run.execute(connection).await.map(drop)
}

/// Looks for a table and its columns; the name is compared as SQLite does.
pub(crate) async fn columns_of(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Vec<FoundColumn>, Error> {
    let columns = sqlx::query(
        // The only column of a primary key fills itself if it is the row's number.
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL OR hidden > 1 OR pk AND \
         upper(type) = 'INTEGER' AND (SELECT count(*) FROM pragma_table_xinfo(?1) WHERE pk) = 1 \
         AND EXISTS (SELECT 1 FROM pragma_table_list(?1) WHERE schema = 'main' AND NOT wr), \
         EXISTS (SELECT 1 FROM pragma_index_list(?1) AS list WHERE \"unique\" AND NOT partial \
         AND (SELECT group_concat(name) FROM pragma_index_info(list.name)) = theirs.name) \
         FROM pragma_table_xinfo(?1) AS theirs",
    )
    .bind(name)
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

const MIGRATION: &str = include_str!("../../migrations/sqlite.sql");

/// Our columns, with their types as they are written.
const COLUMNS: [Column; 20] = [
    Column::new("key", "BLOB", Unique),
    Column::new("revision", "INTEGER", Mandatory),
    Column::new("present", "BLOB", Mandatory),
    Column::new("issued", "INTEGER", Mandatory),
    Column::new("remembered", "BLOB", Optional),
    Column::new("earlier", "BLOB", Optional),
    Column::new("remembered_until", "INTEGER", Optional),
    Column::new("salt", "BLOB", Optional),
    Column::new("closed", "INTEGER", Mandatory),
    Column::new("created", "INTEGER", Mandatory),
    Column::new("seen", "INTEGER", Mandatory),
    Column::new("expires", "INTEGER", Mandatory),
    Column::new("authenticated", "INTEGER", Optional),
    Column::new("owner", "TEXT", Optional),
    Column::new("expiry", "TEXT", Mandatory),
    Column::new("label", "TEXT", Added("TEXT")),
    Column::new("address", "TEXT", Added("TEXT")),
    Column::new("tag", "TEXT", Added("TEXT")),
    Column::new("credential", "BLOB", Added("BLOB")),
    Column::new("data", "TEXT", Mandatory),
];
