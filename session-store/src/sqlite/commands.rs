use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Only, Outcome, Record, Revoke, Store, StoreError, to_micros,
};
use sqlx::Row as _;
use time::OffsetDateTime;

use super::SqliteStore;
use super::database::query;
use super::row::{self, Statement};
use super::statements::Statements;

#[async_trait]
impl Store for SqliteStore {
    async fn load(
        &self,
        key: &Key,
        _: &Digest,
        _: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        let database = &self.0;
        let load = query(&database.statements.load).bind(key.as_bytes());
        let load = load.fetch_optional(&database.readers);
        let Some(row) = database.within("read a session from", load).await? else {
            return Ok(None);
        };
        let record = row::record(&row);
        if record.is_none() {
            let location = &database.location;
            tracing::warn!(%location, "a session's row makes no sense; it is taken as absent");
        }
        Ok(record)
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let statement = self.0.statements.of_command(command, to_micros(now));
        let changed = self.0.execute("write a session to", statement).await?;
        Ok(match command {
            // There may have been nothing to remove.
            Command::Delete { .. } => Outcome::Applied,
            _ if changed == 0 => Outcome::Refused,
            _ => Outcome::Applied,
        })
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let sweep = query(&self.0.statements.sweep)
            .bind(to_micros(now))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.0.execute("remove expired sessions from", sweep).await
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let list = query(&self.0.statements.devices)
            .bind(owner)
            .bind(to_micros(now));
        let list = list.fetch_all(&self.0.readers);
        let rows = self.0.within("list sessions in", list).await?;
        Ok(rows.iter().filter_map(row::device).collect())
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let statements = &self.0.statements;
        // A session's handle is its key.
        let (text, handle) = match which {
            Revoke::All => (&statements.revoke_all, None),
            Revoke::AllBut(kept) => (&statements.revoke_all_but, Some(kept)),
            Revoke::One(ended) => (&statements.revoke_one, Some(ended)),
        };
        let mut revoke = query(text).bind(owner).bind(to_micros(now));
        if let Some(handle) = handle {
            revoke = revoke.bind(&handle.as_bytes()[..]);
        }
        let ended = self.0.execute_returning("end sessions in", revoke).await?;
        Ok(ended.iter().filter(|row| row.get(0)).count())
    }

    async fn check(&self) -> Result<(), StoreError> {
        let Statements { probe, unprobe, .. } = &self.0.statements;
        let written = async {
            let mut transaction = self.0.writer.begin_with("BEGIN IMMEDIATE").await?;
            query(probe).execute(&mut *transaction).await?;
            query(unprobe).execute(&mut *transaction).await?;
            transaction.commit().await
        };
        self.0.within("write to", written).await
    }
}

impl Statements {
    /// Returns the statement that carries a command out.
    fn of_command<'q>(&self, command: Command<'q>, now: i64) -> Statement<'q> {
        let keyed = |text| query(text).bind(command.key().as_bytes());
        match command {
            Command::Insert { record, .. } => row::bind(keyed(&self.insert), record),
            Command::Replace {
                expected, record, ..
            } => {
                let statement = if to_micros(record.expires) <= now {
                    keyed(&self.end)
                } else {
                    row::bind(keyed(&self.replace), record)
                };
                statement.bind(expected.to_i64()).bind(now)
            }
            Command::Touch {
                expected,
                seen,
                expires,
                ..
            } => keyed(&self.touch)
                .bind(expected.to_i64())
                .bind(now)
                .bind(to_micros(seen))
                .bind(to_micros(expires)),
            Command::Delete { only, .. } => match only {
                Only::Always => keyed(&self.delete),
                Only::Opened(digest) => keyed(&self.delete_opened).bind(&digest.as_bytes()[..]),
                Only::Over(moment) => keyed(&self.delete_over).bind(to_micros(moment)),
            },
        }
    }
}
