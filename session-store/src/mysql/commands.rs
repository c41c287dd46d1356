use std::sync::Arc;

use session_core::{Command, to_micros};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Error, MySqlConnection, Row as _};

use super::row::{self, Statement};
use super::statements::{OVERWRITTEN, Statements};

impl Statements {
    /// Runs a command and returns how many rows it has changed; none means that it is refused.
    pub(super) async fn write(
        &self,
        connection: &mut MySqlConnection,
        command: Command<'_>,
        now: i64,
    ) -> Result<usize, Error> {
        match command {
            Command::Insert { key, record } => {
                let mut insert = row::bind(query(&self.insert), record).bind(&key.digest()[..]);
                for _ in 0..OVERWRITTEN {
                    insert = insert.bind(now);
                }
                let done = insert.execute(connection).await?;
                // See the statement.
                let is_new = done.last_insert_id() > 0;
                let is_overwritten = done.rows_affected() > 1;
                Ok(usize::from(is_new || is_overwritten))
            }
            Command::Replace {
                key,
                expected,
                with,
                record,
                remembered,
            } => {
                let text = if key == with {
                    &self.replace
                } else {
                    &self.relocate
                };
                let replace = || {
                    let mut replace = row::bind(query(text), record);
                    if key != with {
                        replace = replace.bind(to_micros(remembered)).bind(&with.digest()[..]);
                    }
                    replace
                        .bind(&key.digest()[..])
                        .bind(expected.to_i64())
                        .bind(now)
                };
                match execute(replace(), connection).await {
                    Err(error) if is_taken(&error) => {}
                    answer => return answer,
                }
                // Two ids of 160 random bits are equal. What is in the way may have expired.
                let clear = query(&self.clear).bind(&with.digest()[..]).bind(now);
                if execute(clear, connection).await? == 0 {
                    return Ok(0);
                }
                match execute(replace(), connection).await {
                    Err(error) if is_taken(&error) => Ok(0),
                    answer => answer,
                }
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                let touch = query(&self.touch)
                    .bind(to_micros(seen))
                    .bind(to_micros(expires))
                    .bind(&key.digest()[..])
                    .bind(expected.to_i64())
                    .bind(now);
                execute(touch, connection).await
            }
            Command::Delete { key } => {
                let key = &key.digest()[..];
                let delete = query(&self.delete).bind(key).bind(now);
                let delete = delete.bind(key).bind(now).bind(now).bind(key);
                // There may be nothing to remove.
                execute(delete, connection).await.map(|_| 1)
            }
        }
    }

    /// Removes expired sessions that ended at `from` or later, and returns how many and the end of the
    /// last one.
    pub(super) async fn sweep(
        &self,
        connection: &mut MySqlConnection,
        from: i64,
        now: i64,
        limit: usize,
    ) -> Result<(usize, Option<i64>), Error> {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        // MySQL can't say what it has removed; so it says first how far that will be.
        let end = query(&self.sweep_end).bind(from).bind(now);
        let end = end.bind(number(limit.saturating_sub(1)));
        let end = end.fetch_optional(&mut *connection).await?;
        let end = end.map(|row| row.try_get(0)).transpose()?;
        let sweep = query(&self.sweep).bind(from).bind(now);
        let sweep = sweep.bind(number(limit)).bind(now);
        let count = execute(sweep, connection).await?;
        Ok((count, end))
    }

    /// Writes something, and removes it again.
    pub(super) async fn probe(&self, connection: &mut MySqlConnection) -> Result<(), Error> {
        execute(query(&self.probe), connection).await?;
        execute(query(&self.unprobe), connection).await.map(drop)
    }
}

/// Begins a statement, which a connection prepares once.
pub(super) fn query(text: &Arc<str>) -> Statement<'static> {
    sqlx::query(AssertSqlSafe(Arc::clone(text)))
}

/// Runs a writing statement and returns how many rows it changed.
pub(super) async fn execute(
    statement: Statement<'_>,
    connection: &mut MySqlConnection,
) -> Result<usize, Error> {
    let done = statement.execute(connection).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// Says whether the new key is in use.
fn is_taken(error: &Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(<dyn DatabaseError>::is_unique_violation)
}
