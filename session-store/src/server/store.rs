use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError, to_micros,
};
use sqlx::{Connection as _, Database};
use time::OffsetDateTime;

use super::{Dialect, Lent, Pool, SweepCursor, outcome};
use crate::home::Home;
use crate::sql::{Driver as _, Statements, Value};
use crate::upkeep::Swept;

/// A store in a table of a database server.
pub(crate) struct SqlStore<D: Dialect> {
    pub(crate) pool: Pool<D>,
    pub(crate) statements: Statements,
    cursor: SweepCursor,
}

type Row<D> = <<D as Dialect>::Driver as Database>::Row;

impl<D: Dialect> SqlStore<D> {
    /// Opens a database without creating the table.
    pub(crate) async fn connect(
        dialect: D,
        home: Home,
        connections: u32,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let store = Self {
            statements: Statements::new(|effect, template| dialect.sql(effect, template)),
            pool: Pool::new(dialect, home, connections, timeout),
            cursor: SweepCursor::new(),
        };
        let ping = |mut connection: Lent<D::Connection>| async move {
            let answer = connection.ping().await;
            (connection, answer)
        };
        store.pool.run("open", ping).await?;
        Ok(store)
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    async fn find(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let values = [Value::Bytes(key.as_bytes())];
        let load = &self.statements.load;
        let rows = self.fetch("read a session from", load, &values).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let record = D::Driver::record(row);
        if record.is_none() {
            let server = self.pool.server();
            tracing::warn!(%server, "a session's row can't be read and is treated as absent");
        }
        Ok(record)
    }

    async fn fetch(
        &self,
        doing: &str,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row<D>>, StoreError> {
        let prepared = self.pool.server().prepared();
        let fetch = move |mut connection: Lent<D::Connection>| async move {
            let rows = D::Driver::fetch(&mut connection, text, values, prepared).await;
            (connection, rows)
        };
        self.pool.run(doing, fetch).await
    }
}

#[async_trait]
impl<D: Dialect> Store for SqlStore<D> {
    async fn load(
        &self,
        key: &Key,
        _: &Digest,
        _: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        self.find(key).await
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let now = to_micros(now);
        let (text, values) = self.statements.of_command(command, now);
        let values = &values[..];
        let dialect = self.pool.server();
        let write = move |mut connection: Lent<D::Connection>| async move {
            let matched = dialect.matched(&mut connection, text, values).await;
            (connection, matched)
        };
        let found = async {
            let record = Box::pin(self.find(command.key())).await?;
            Ok(record.map(|record| record.revision))
        };
        let written = async {
            let done = self.pool.run_telling(WRITE, write).await?;
            outcome(done, command, now, found).await
        };
        self.pool.within(WRITE, written).await
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let (dialect, now) = (self.pool.server(), to_micros(now));
        let batch = |from: i64, limit: usize| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let sweep = move |mut connection: Lent<D::Connection>| async move {
                let swept = dialect.sweep(&mut connection, from, now, limit).await;
                (connection, swept)
            };
            self.pool.run(SWEEP, sweep)
        };
        self.pool
            .within(SWEEP, self.cursor.sweep(limit, batch))
            .await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let (list, values) = self
            .statements
            .of_devices(owner, from, to_micros(now), limit);
        let rows = self.fetch("list sessions in", list, &values).await?;
        Ok(rows.iter().filter_map(D::Driver::device).collect())
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let (text, values) = self.statements.of_revoke(owner, which);
        let (values, now) = (&values[..], to_micros(now));
        let dialect = self.pool.server();
        let revoke = move |mut connection: Lent<D::Connection>| async move {
            let revoked = dialect.revoke(&mut connection, text, values, now).await;
            (connection, revoked)
        };
        self.pool.run("end sessions in", revoke).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.try_rights().await
    }
}

impl<D: Dialect> Swept for SqlStore<D> {
    async fn time(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        let rows = self.fetch("ask the time of", &D::TIME.into(), &[]).await?;
        Ok(rows.first().and_then(D::Driver::time))
    }
}

impl<D: Dialect> fmt::Debug for SqlStore<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.pool.server(), f)
    }
}

const WRITE: &str = "write a session to";
const SWEEP: &str = "remove expired sessions from";
