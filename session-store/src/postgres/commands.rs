use std::sync::Arc;

use session_core::{Command, to_micros};
use sqlx::error::DatabaseError;
use sqlx::{AssertSqlSafe, Error, PgConnection, Row as _};

use super::row::{self, Statement};
use super::statements::Statements;

impl Statements {
    /// Runs a command and returns how many rows it has changed; none means that it is refused.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        command: Command<'_>,
        now: i64,
    ) -> Result<usize, Error> {
        match command {
            Command::Insert { key, record } => {
                let insert = row::bind(query(&self.insert), record)
                    .bind(&key.digest()[..])
                    .bind(now);
                execute(insert, connection).await
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
                    let replace = row::bind(query(text), record)
                        .bind(&key.digest()[..])
                        .bind(expected.to_i64())
                        .bind(now);
                    if key == with {
                        return replace;
                    }
                    replace.bind(&with.digest()[..]).bind(to_micros(remembered))
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
                let delete = query(&self.delete).bind(&key.digest()[..]).bind(now);
                // There may be nothing to remove.
                execute(delete, connection).await.map(|_| 1)
            }
        }
    }

    /// Removes expired sessions that ended at `from` or later, and returns how many and the end of the
    /// last one.
    pub(super) async fn sweep(
        &self,
        connection: &mut PgConnection,
        from: i64,
        now: i64,
        limit: usize,
    ) -> Result<(usize, Option<i64>), Error> {
        let sweep = query(&self.sweep)
            .bind(now)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(from);
        let row = sweep.fetch_one(connection).await?;
        let count: i64 = row.try_get(0)?;
        Ok((usize::try_from(count).unwrap_or(0), row.try_get(1)?))
    }

    /// Writes something, and removes it again.
    pub(super) async fn probe(&self, connection: &mut PgConnection) -> Result<(), Error> {
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
    connection: &mut PgConnection,
) -> Result<usize, Error> {
    let done = statement.execute(connection).await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// Says whether the new key is in use.
fn is_taken(error: &Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(<dyn DatabaseError>::is_unique_violation)
}
