use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Moment, StoreError};
use sqlx::{Sqlite, SqliteConnection};

use super::form::Form;
use super::schema::{DjangoSchema, columns};
use super::statements::{KeyMatch, PROBE, Statements, Words, probe};
use super::table::{Change, Changed, Placed, Row, Table};
use crate::sql::{Column, Driver as _, FoundColumn, Value};
use crate::sqlite::{Database, columns_of};

/// Django's table in an SQLite database.
pub(super) struct SqliteTable {
    database: Database,
    statements: Statements,
    form: Form,
}

impl SqliteTable {
    /// Takes a database and the table's name, which has been checked.
    pub(super) fn new(database: Database, name: &str, form: Form) -> Self {
        let write = |text: &str| {
            let text = text.replace("IF_ABSENT", "ON CONFLICT DO NOTHING");
            text.replace("TABLE", &format!("\"{name}\""))
        };
        Self {
            database,
            statements: Statements::new(&WORDS, write),
            form,
        }
    }
}

#[async_trait]
impl Table for SqliteTable {
    async fn find(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let find = Sqlite::statement(&self.statements.find, &self.statements.at(key));
        let find = self.database.readers().first(find);
        let found = self.database.read("read a session from", find).await?;
        Ok(found.map(|found| Row {
            token: Sqlite::text(&found, 0).unwrap_or_default(),
            ends: Sqlite::text(&found, 1).unwrap_or_default(),
        }))
    }

    async fn change(&self, change: Change<'_>) -> Result<Changed, StoreError> {
        let (text, values) = self.statements.of(change);
        let doing = "write a session to";
        let changed = self.database.execute(doing, text, &values).await?;
        Ok(Changed {
            is_done: changed > 0,
            is_repeated: false,
        })
    }

    async fn batch(&self, after: &str, limit: i64) -> Result<Vec<Placed>, StoreError> {
        let values = [Value::Text(after), Value::Number(limit)];
        let batch = Sqlite::statement(&self.statements.batch, &values);
        let batch = self.database.readers().all(batch);
        let rows = self.database.read("list sessions in", batch).await?;
        let text = |row, index| Sqlite::text(row, index).unwrap_or_default();
        Ok(rows
            .iter()
            .map(|row| Placed {
                place: text(row, 0),
                key: text(row, 1),
                row: Row {
                    token: text(row, 2),
                    ends: text(row, 3),
                },
            })
            .collect())
    }

    async fn smallest(&self, limit: i64) -> Result<Vec<String>, StoreError> {
        let smallest = Sqlite::statement(&self.statements.smallest, &[Value::Number(limit)]);
        let smallest = self.database.readers().all(smallest);
        let rows = self.database.read("count sessions in", smallest).await?;
        let keys = rows.iter().filter_map(|row| Sqlite::text(row, 0));
        Ok(keys.collect())
    }

    async fn newest(&self, limit: i64) -> Result<Vec<String>, StoreError> {
        let newest = Sqlite::statement(&self.statements.newest, &[Value::Number(limit)]);
        let newest = self.database.readers().all(newest);
        let rows = self.database.read("list sessions in", newest).await?;
        let tokens = rows.iter().filter_map(|row| Sqlite::text(row, 0));
        Ok(tokens.collect())
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let now = self.form.column(now);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [Value::Text(&now), Value::Number(limit)];
        let doing = "remove expired sessions from";
        let sweep = &self.statements.sweep;
        self.database.execute(doing, sweep, &values).await
    }

    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        Ok(None)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.find(PROBE).await?;
        // If the second does not follow, a sweep removes the row.
        let row = &probe(&self.form.column(Moment::UNIX_EPOCH));
        let changes = [
            Change::Insert { key: PROBE, row },
            Change::Delete { key: PROBE },
        ];
        for change in changes {
            let (text, values) = self.statements.of(change);
            self.database.execute("use", text, &values).await?;
        }
        Ok(())
    }

    async fn close(&self) {
        self.database.close().await;
    }

    fn rows_stay(&self) -> bool {
        true
    }

    fn form(&self) -> &Form {
        &self.form
    }

    fn limit(&self) -> Duration {
        self.database.limit()
    }

    fn too_slow(&self, doing: &str) -> StoreError {
        self.database.too_slow(doing)
    }
}

impl fmt::Debug for SqliteTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}

/// A walk goes by the row's number: a session that is renamed on the way stays where it is, and one
/// that begins comes last.
const WORDS: Words = Words {
    moment: "?",
    end: "expire_date",
    ends: "expire_date",
    place: "CAST(rowid AS TEXT)",
    after: "rowid > CAST(? AS INTEGER)",
    order: "rowid",
    same_data: "session_data = ?",
    key: KeyMatch::Plain,
    or_ignore: "OR IGNORE ",
    sweep: "DELETE FROM TABLE WHERE rowid IN \
            (SELECT rowid FROM TABLE WHERE expire_date <= ? LIMIT ?)",
};

impl DjangoSchema for crate::sqlite::Table {
    const COLUMNS: [Column; 3] = columns("varchar", "text", "datetime");

    const CREATION: &'static str = "\
        CREATE TABLE \"django_session\" (\"session_key\" varchar(40) NOT NULL PRIMARY KEY, \
        \"session_data\" text NOT NULL, \"expire_date\" datetime NOT NULL); \
        CREATE INDEX \"django_session_expire_date_a5c62663\" ON \"django_session\" (\"expire_date\")";

    async fn found(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Vec<FoundColumn>, sqlx::Error> {
        columns_of(connection, &self.0).await
    }
}
