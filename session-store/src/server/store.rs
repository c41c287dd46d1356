use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, Whose, to_micros,
};
use sqlx::{Connection as _, Database};

use super::{Dialect, Lent, Pool, SweepCursor, outcome};
use crate::home::Home;
use crate::sql::{Driver as _, Statements, VERSION, Value, page};
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
    async fn load(&self, key: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        self.find(key).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
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

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
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
        now: Moment,
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

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let now = to_micros(now);
        let (text, values) = match whose {
            Whose::Owner(owner, which) => self.statements.of_revoke(owner, which),
            Whose::Tag(tag) => self.statements.of_tag(tag),
            Whose::Everybody => return self.revoke_everybody(now).await,
        };
        self.end(text, &values, now).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, _: Moment) -> Result<Batch, StoreError> {
        let (text, values) = self.statements.of_walk(from.as_bytes(), limit);
        let rows = self.fetch(LIST, text, &values).await?;
        Ok(D::Driver::batch(&rows, limit, || self.warn_unreadable()))
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        let (text, values) = self.statements.of_smallest();
        let rows = self.fetch(COUNT, text, &values).await?;
        Ok(Some(D::Driver::estimate(&rows)))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.try_rights().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let mut facts = StoreFacts::of(self.pool.server().to_string());
        facts.outlives_process = Some(true);
        facts.time = self.time().await?;
        // Opening has made it so, or refused it.
        facts.table_version = Some(VERSION);
        Ok(facts)
    }
}

impl<D: Dialect> SqlStore<D> {
    /// Ends all sessions in the order of their keys, which never change. It waits for rows that others write.
    async fn revoke_everybody(&self, now: i64) -> Result<usize, StoreError> {
        let (mut after, mut ended) = (Vec::new(), 0);
        loop {
            let (text, values) = self.statements.of_batch_end(&after);
            let rows = self.fetch(END, text, &values).await?;
            let end = rows.first().and_then(D::Driver::bytes);
            let (text, values) = self.statements.of_batch(&after, end.as_deref());
            ended += self.end(text, &values, now).await?;
            match end {
                Some(end) => after = end,
                None => return Ok(ended),
            }
        }
    }

    async fn end(
        &self,
        text: &Arc<str>,
        values: &[Value<'_>],
        now: i64,
    ) -> Result<usize, StoreError> {
        let dialect = self.pool.server();
        let revoke = move |mut connection: Lent<D::Connection>| async move {
            let revoked = dialect.revoke(&mut connection, text, values, now).await;
            (connection, revoked)
        };
        self.pool.run(END, revoke).await
    }
}

impl<D: Dialect> Swept for SqlStore<D> {
    async fn time(&self) -> Result<Option<Moment>, StoreError> {
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
const COUNT: &str = "count sessions in";
const LIST: &str = "list sessions in";
const END: &str = "end sessions in";
const SWEEP: &str = "remove expired sessions from";
