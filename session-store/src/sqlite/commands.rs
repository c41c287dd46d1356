use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, Whose, to_micros,
};
use sqlx::{Row as _, Sqlite};

use super::database::Database;
use super::statements::Statements;
use crate::sql::{Driver as _, EMPTY, Prepared, ROOM, VERSION, Value, page};
use crate::upkeep::Swept;

/// The commands on our table.
pub(crate) struct Commands {
    pub(super) database: Database,
    pub(super) statements: Statements,
}

impl Commands {
    fn warn_unreadable(&self) {
        let location = &self.database.location;
        tracing::warn!(%location, "a session's row can't be read and is treated as absent");
    }
}

#[async_trait]
impl Store for Commands {
    async fn load(&self, key: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        let load = &self.statements.common.load;
        let load = Sqlite::statement(load, &[Value::Bytes(key.as_bytes())]);
        let load = self.database.readers().first(load);
        let Some(row) = self.database.read("read a session from", load).await? else {
            return Ok(None);
        };
        let record = Sqlite::record(&row);
        if record.is_none() {
            self.warn_unreadable();
        }
        Ok(record)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let statements = &self.statements.common;
        let (text, values) = statements.of_command(command, to_micros(now))?;
        let doing = "write a session to";
        let changed = self.database.execute(doing, text, &values).await?;
        Ok(match command {
            // A delete is always applied, also without a row.
            Command::Delete { .. } => Outcome::Applied,
            _ if changed == 0 => Outcome::Refused,
            _ => Outcome::Applied,
        })
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [to_micros(now), limit].map(Value::Number);
        let doing = "remove expired sessions from";
        let sweep = &self.statements.sweep;
        self.database.execute(doing, sweep, &values).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let now = to_micros(now);
        let statements = &self.statements.common;
        let listed = async {
            let mut first = None;
            if let Some(from) = from {
                let (text, values) = statements.of_first(owner, from, now);
                let row = Sqlite::statement(text, &values);
                let row = self.database.readers().first(row).await?;
                let Some(created) = row.as_ref().and_then(Sqlite::number) else {
                    return Ok(Vec::new());
                };
                first = Some((created, from));
            }
            let fetch = |skipped, limit| async move {
                let (text, values) = statements.of_devices(owner, first, now, (skipped, limit));
                let list = Sqlite::statement(text, &values);
                self.database.readers().all(list).await
            };
            page(limit, fetch, Sqlite::device, || self.warn_unreadable()).await
        };
        self.database.read("list sessions in", listed).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let statements = &self.statements.common;
        let (text, values) = match whose {
            Whose::Owner(owner, which) => statements.of_revoke(owner, which),
            Whose::Tag(tag) => statements.of_tag(tag),
            Whose::Everybody => return self.revoke_everybody(now).await,
        };
        self.end(text, values, now).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, _: Moment) -> Result<Batch, StoreError> {
        let statements = &self.statements.common;
        let (text, values) = statements.of_walk(from.as_bytes(), limit);
        let walk = Sqlite::statement(text, &values);
        let walk = self.database.readers().all(walk);
        let rows = self.database.read("list sessions in", walk).await?;
        Ok(Sqlite::batch(&rows, limit, || self.warn_unreadable()))
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        let (text, values) = self.statements.common.of_smallest();
        let smallest = Sqlite::statement(text, &values);
        let smallest = self.database.readers().all(smallest);
        let rows = self.database.read("count sessions in", smallest).await?;
        Ok(Some(Sqlite::estimate(&rows)))
    }

    async fn check(&self) -> Result<(), StoreError> {
        let statements = &self.statements.common;
        let read = Sqlite::statement(&statements.load, &[EMPTY]);
        let checked = async {
            self.database.readers().first(read).await?;
            // No transaction: SQLite itself ends one on a full disk, which `sqlx` does not notice.
            let mut writer = self.database.connections.writer.take().await?;
            let probe = [EMPTY, ROOM, EMPTY];
            Sqlite::execute(&mut writer, &statements.probe, &probe, Prepared::Kept).await?;
            Sqlite::execute(&mut writer, &statements.unprobe, &[EMPTY], Prepared::Kept).await?;
            Ok(())
        };
        self.database.write("use", checked).await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let location = &self.database.location;
        let mut facts = StoreFacts::of(format!("SQLite, {location}"));
        facts.outlives_process = location.outlives_process();
        // Opening has made it so, or refused it.
        facts.table_version = Some(VERSION);
        Ok(facts)
    }
}

impl Commands {
    /// Ends all sessions in the order of their keys, which never change.
    async fn revoke_everybody(&self, now: Moment) -> Result<usize, StoreError> {
        let statements = &self.statements.common;
        let (mut after, mut ended) = (Vec::new(), 0);
        loop {
            let (text, values) = statements.of_batch_end(&after);
            let row = Sqlite::statement(text, &values);
            let found = async { self.database.readers().first(row).await };
            let row = self.database.read("end sessions in", found).await?;
            let end = row.as_ref().and_then(Sqlite::bytes);
            let (text, values) = statements.of_batch(&after, end.as_deref());
            ended += self.end(text, values, now).await?;
            match end {
                Some(end) => after = end,
                None => return Ok(ended),
            }
        }
    }

    async fn end(
        &self,
        text: &Arc<str>,
        mut values: Vec<Value<'_>>,
        now: Moment,
    ) -> Result<usize, StoreError> {
        values.push(Value::Number(to_micros(now)));
        let database = &self.database;
        let revoked = database
            .execute_returning("end sessions in", text, &values)
            .await?;
        Ok(revoked
            .iter()
            .filter(|row| matches!(row.try_get(0), Ok(true)))
            .count())
    }
}

impl Swept for Commands {
    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        Ok(None)
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}
