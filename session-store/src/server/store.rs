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
use crate::sql::{Driver as _, Statements, Value, page};
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
        Self::on(Pool::new(dialect, home, connections, timeout)).await
    }

    /// Opens a database through a pool.
    pub(crate) async fn on(pool: Pool<D>) -> Result<Self, StoreError> {
        let dialect = pool.server();
        let store = Self {
            statements: Statements::new(|effect, template| dialect.sql(effect, template)),
            pool,
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
            self.warn_unreadable();
        }
        Ok(record)
    }

    fn warn_unreadable(&self) {
        let server = self.pool.server();
        tracing::warn!(%server, "a session's row can't be read and is treated as absent");
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
        let (text, values) = self.statements.of_command(command, now)?;
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
        let now = to_micros(now);
        let statements = &self.statements;
        let listed = async {
            let mut first = None;
            if let Some(from) = from {
                let (text, values) = statements.of_first(owner, from, now);
                let rows = self.fetch(LIST, text, &values).await?;
                let Some(created) = rows.first().and_then(D::Driver::number) else {
                    return Ok(Vec::new());
                };
                first = Some((created, from));
            }
            let fetch = |skipped, limit| async move {
                let (text, values) = statements.of_devices(owner, first, now, (skipped, limit));
                self.fetch(LIST, text, &values).await
            };
            page(limit, fetch, D::Driver::device, || self.warn_unreadable()).await
        };
        self.pool.within(LIST, listed).await
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
const LIST: &str = "list sessions in";
const SWEEP: &str = "remove expired sessions from";
