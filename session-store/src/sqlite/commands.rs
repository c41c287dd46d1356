use std::fmt;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError, to_micros,
};
use sqlx::{Row as _, Sqlite};
use time::OffsetDateTime;

use super::database::Database;
use super::statements::Statements;
use crate::sql::{Driver as _, EMPTY, Prepared, ROOM, Value, page};
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
    async fn load(
        &self,
        key: &Key,
        _: &Digest,
        _: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
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

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
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

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
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
        now: OffsetDateTime,
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

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let (text, mut values) = self.statements.common.of_revoke(owner, which);
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
}

impl Swept for Commands {
    async fn time(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        Ok(None)
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.database.fmt(f)
    }
}
