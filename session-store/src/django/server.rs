use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Moment, StoreError, from_micros};
use sqlx::{Database, Error};

use super::form::Form;
use super::schema::DjangoSchema;
use super::statements::{PROBE, Statements, Words, probe};
use super::table::{Change, Changed, Placed, Row, Table};
use crate::server::{Attempt, Dialect, Lent, Pool, SweepCursor, try_rights};
use crate::sql::{Driver as _, Effect, Value};

/// A dialect of a server on which Django has its table.
pub(super) trait DjangoDialect: Dialect + DjangoSchema {
    const WORDS: Words;

    /// Removes at most `limit` rows that ended from one moment, or ever, to another.
    ///
    /// Returns how many it removed, and the end of the last one. It waits for no lock, and several
    /// sweeps may run at once.
    fn sweep_rows(
        &self,
        connection: &mut Self::Connection,
        sweep: &Arc<str>,
        ends: (Option<&str>, &str),
        limit: i64,
    ) -> impl Future<Output = Result<(usize, Option<String>), Error>> + Send;
}

/// Django's table on a database server.
pub(super) struct ServerTable<D: DjangoDialect> {
    pool: Pool<D>,
    timeout: Duration,
    statements: Statements,
    form: Form,
    cursor: SweepCursor,
}

type Found<D> = <<D as Dialect>::Driver as Database>::Row;

impl<D: DjangoDialect> ServerTable<D> {
    pub(super) fn new(pool: Pool<D>, timeout: Duration, form: Form) -> Self {
        let dialect = pool.server();
        Self {
            statements: Statements::new(&D::WORDS, |text| dialect.sql(Effect::Nothing, text)),
            pool,
            timeout,
            form,
            cursor: SweepCursor::new(),
        }
    }

    async fn fetch(
        &self,
        doing: &str,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> Result<Vec<Found<D>>, StoreError> {
        let prepared = self.pool.server().prepared();
        let fetch = move |mut connection: Lent<D::Connection>| async move {
            let rows = D::Driver::fetch(&mut connection, text, values, prepared).await;
            (connection, rows)
        };
        self.pool.run(doing, fetch).await
    }
}

#[async_trait]
impl<D: DjangoDialect> Table for ServerTable<D> {
    async fn find(&self, key: &str) -> Result<Option<Row>, StoreError> {
        let (find, values) = (&self.statements.find, self.statements.at(key));
        let rows = self.fetch("read a session from", find, &values).await?;
        Ok(rows.first().map(|row| cells::<D>(row, 0)))
    }

    async fn change(&self, change: Change<'_>) -> Result<Changed, StoreError> {
        let dialect = self.pool.server();
        let (text, values) = self.statements.of(change);
        let values = &values[..];
        let change = move |mut connection: Lent<D::Connection>| async move {
            let matched = dialect.matched(&mut connection, text, values).await;
            (connection, matched)
        };
        let changed = self.pool.run_telling("write a session to", change).await;
        let (matched, attempt) = changed?;
        Ok(Changed {
            is_done: matched > 0,
            is_repeated: attempt == Attempt::Again,
        })
    }

    async fn batch(&self, after: &str, limit: i64) -> Result<Vec<Placed>, StoreError> {
        let values = [Value::Text(after), Value::Number(limit)];
        let batch = &self.statements.batch;
        let rows = self.fetch("list sessions in", batch, &values).await?;
        let text = |row, index| D::Driver::text(row, index).unwrap_or_default();
        let placed = rows.iter().map(|row| Placed {
            place: text(row, 0),
            key: text(row, 1),
            row: cells::<D>(row, 2),
        });
        Ok(placed.collect())
    }

    async fn smallest(&self, limit: i64) -> Result<Vec<String>, StoreError> {
        let smallest = &self.statements.smallest;
        let values = [Value::Number(limit)];
        let rows = self.fetch("count sessions in", smallest, &values).await?;
        let keys = rows.iter().filter_map(|row| D::Driver::text(row, 0));
        Ok(keys.collect())
    }

    async fn newest(&self, limit: i64) -> Result<Vec<String>, StoreError> {
        let newest = &self.statements.newest;
        let values = [Value::Number(limit)];
        let rows = self.fetch("list sessions in", newest, &values).await?;
        let tokens = rows.iter().filter_map(|row| D::Driver::text(row, 0));
        Ok(tokens.collect())
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let (dialect, statement) = (self.pool.server(), &self.statements.sweep);
        let (form, at, now) = (&self.form, now, &*self.form.column(now));
        let batch = |from: i64, limit: usize| async move {
            let from = from_micros(from).map(|from| form.column(from));
            let from = from.as_deref();
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let sweep = move |mut connection: Lent<D::Connection>| async move {
                let ends = (from, now);
                let swept = dialect
                    .sweep_rows(&mut connection, statement, ends, limit)
                    .await;
                (connection, swept)
            };
            let (swept, end) = self.pool.run(SWEEP, sweep).await?;
            let end = end.and_then(|end| form.moment(&end, at));
            Ok((swept, end.map(session_core::to_micros)))
        };
        let swept = self.cursor.sweep(limit, batch);
        self.pool.within(SWEEP, swept).await
    }

    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        let rows = self.fetch("ask the time of", &D::TIME.into(), &[]).await?;
        Ok(rows.first().and_then(D::Driver::time))
    }

    async fn check(&self) -> Result<(), StoreError> {
        let row = &probe(&self.form.column(Moment::UNIX_EPOCH));
        let key = PROBE;
        let trials = [
            ("DELETE", Change::Delete { key }),
            (
                "UPDATE",
                Change::Swap {
                    key,
                    old: row,
                    new: row,
                },
            ),
            ("INSERT", Change::Insert { key, row }),
            ("DELETE", Change::Delete { key }),
        ];
        let trials = trials.map(|(right, change)| (right, self.statements.of(change)));
        let trials = trials
            .each_ref()
            .map(|(right, (text, values))| (*right, *text, &values[..]));
        let table = self.pool.server().sql(Effect::Nothing, "TABLE");
        let read = (&self.statements.find, &self.statements.at(key)[..]);
        try_rights(&self.pool, &table, read, &trials).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }

    fn rows_stay(&self) -> bool {
        false
    }

    fn form(&self) -> &Form {
        &self.form
    }

    fn limit(&self) -> Duration {
        self.timeout * 2
    }

    fn too_slow(&self, doing: &str) -> StoreError {
        let server = self.pool.server();
        StoreError::new(format!(
            "can't {doing} {server}: it took too long to answer"
        ))
    }
}

impl<D: DjangoDialect> fmt::Debug for ServerTable<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.pool.server(), f)
    }
}

/// Reads the two cells; what is no text is none that can be read.
fn cells<D: DjangoDialect>(row: &Found<D>, first: usize) -> Row {
    let text = |index| D::Driver::text(row, index).unwrap_or_default();
    Row {
        token: text(first),
        ends: text(first + 1),
    }
}

const SWEEP: &str = "remove expired sessions from";
