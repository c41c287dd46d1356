use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult};
use sqlx::{Error, Row as _};

use super::notify::Notify;
use super::pooler::Pooler;
use super::table::Table;
use crate::server::Dialect;
use crate::sql::{Driver as _, Effect, LISTED, Prepared, Value};

/// A PostgreSQL database and the table in it.
pub(crate) struct Postgres {
    pub(super) options: PgConnectOptions,
    #[cfg_attr(
        not(feature = "cached"),
        allow(dead_code, reason = "only a cache listens")
    )]
    pub(super) listening: PgConnectOptions,
    pub(super) table: Table,
    notify: Notify,
    pub(super) sweep: Arc<str>,
    pub(super) pooler: Pooler,
}

impl Postgres {
    pub(super) fn new(
        (options, listening): (PgConnectOptions, PgConnectOptions),
        table: Table,
        notify: Notify,
        timeout: Duration,
    ) -> Self {
        let sweep = SWEEP.replace("TABLE", table.quoted()).into();
        Self {
            options,
            listening,
            table,
            notify,
            sweep,
            pooler: Pooler::new(timeout),
        }
    }
}

impl Dialect for Postgres {
    type Driver = sqlx::Postgres;

    const TIME: &'static str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

    fn prepared(&self) -> Prepared {
        if self.pooler.is_there() {
            Prepared::Once
        } else {
            Prepared::Kept
        }
    }

    fn sql(&self, effect: Effect, template: &str) -> String {
        let notifies = match effect {
            Effect::Nothing => false,
            Effect::Ends | Effect::Revokes => self.notify != Notify::Nothing,
            Effect::Changes => self.notify == Notify::Changes,
        };
        let returning = match effect {
            Effect::Revokes => &*format!(" RETURNING key, {LISTED} AS listed"),
            _ if notifies => " RETURNING key",
            _ => "",
        };
        let text = template.replace("IF_ABSENT", "ON CONFLICT DO NOTHING");
        let text = text.replace("BY_RANGE ", "");
        let text = text.replace("TEXT", "?").replace("KEY", "key");
        let text = text.replace("TABLE", self.table.quoted());
        let text = numbered(&format!("{text}{returning}"));
        let notify = format!("pg_notify('{}', encode(key, 'hex'))", self.table.channel());
        let answer = match (effect, notifies) {
            // One row, however many sessions end.
            (Effect::Revokes, false) => "count(*) FILTER (WHERE listed)",
            (Effect::Revokes, true) => &*format!("count(*) FILTER (WHERE listed), count({notify})"),
            // The number of returned rows is the number of matched ones.
            (_, true) => &notify,
            (_, false) => return text,
        };
        format!("WITH changed AS ({text}) SELECT {answer} FROM changed")
    }

    fn count(done: &PgQueryResult) -> u64 {
        done.rows_affected()
    }

    async fn revoke(
        &self,
        connection: &mut PgConnection,
        text: &Arc<str>,
        values: &[Value<'_>],
        now: i64,
    ) -> Result<usize, Error> {
        let values = [values, &[Value::Number(now)]].concat();
        let revoke = sqlx::Postgres::statement(text, &values);
        let revoke = revoke.persistent(self.prepared().is_kept());
        let count: i64 = revoke.fetch_one(connection).await?.try_get(0)?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    async fn sweep(
        &self,
        connection: &mut PgConnection,
        from: i64,
        now: i64,
        limit: i64,
    ) -> Result<(usize, Option<i64>), Error> {
        let values = [from, now, limit].map(Value::Number);
        let sweep = sqlx::Postgres::statement(&self.sweep, &values);
        let sweep = sweep.persistent(self.prepared().is_kept());
        let row = sweep.fetch_one(connection).await?;
        let count: i64 = row.try_get(0)?;
        Ok((usize::try_from(count).unwrap_or(0), row.try_get(1)?))
    }

    fn lacks_right(error: &Error) -> bool {
        let code = error.as_database_error().and_then(DatabaseError::code);
        code.as_deref() == Some("42501")
    }
}

/// Numbers the placeholders, as PostgreSQL requires.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    (1..).zip(parts).fold(first, |text, (number, part)| {
        format!("{text}${number}{part}")
    })
}

/// Concurrent sweeps take different rows and wait for no lock.
///
/// The array is evaluated once; a joined subquery might be run again, past the limit.
const SWEEP: &str = "\
    WITH gone AS (DELETE FROM TABLE WHERE key = ANY (ARRAY (SELECT key FROM TABLE \
    WHERE expires >= $1 AND expires <= $2 ORDER BY expires LIMIT $3 \
    FOR UPDATE SKIP LOCKED)) RETURNING expires) \
    SELECT count(*), max(expires) FROM gone";

#[cfg(test)]
mod tests {
    use session_core::{Command, Only, Remembered, Revision, Salt, to_micros};
    use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

    use super::*;
    use crate::PostgresOptions;
    use crate::sql::Statements;

    #[test]
    fn values_are_numbered_in_their_order() {
        assert_eq!(numbered("a = ? AND ? IN (b, c)"), "a = $1 AND $2 IN (b, c)");
        assert_eq!(numbered("none"), "none");
    }

    #[test]
    fn each_setting_notifies_of_the_writes_that_it_names() {
        let [nothing, ends, changes] = [Notify::Nothing, Notify::Ends, Notify::Changes]
            .map(|notify| PostgresOptions::new("postgres://ada@host/app").notify(notify))
            .map(|options| options.check().unwrap())
            .map(|dialect| Statements::new(|effect, template| dialect.sql(effect, template)));
        let key = &key_of(1);
        let replace = |record| Command::Replace {
            key,
            expected: Revision::from_i64(1),
            record,
        };
        let plain = &record_of(2);
        let mut rotated = record_of(2);
        rotated.secrets.remembered = Some(changed!(
            Remembered::new(digest_of(1), moment_at(10)),
            salt = Salt::from_bytes(&[7; 16])
        ));
        let closed = &changed!(record_of(2), closed = true);
        let over = &changed!(record_of(2), expires = moment_at(0));
        let touch = Command::Touch {
            key,
            expected: Revision::from_i64(1),
            seen: moment_at(1),
            expires: moment_at(200),
        };
        let delete = Command::Delete {
            key,
            only: Only::Always,
        };
        for (command, with_ends, with_changes) in [
            (Command::Insert { key, record: plain }, false, false),
            (touch, false, false),
            (replace(plain), false, true),
            (replace(&rotated), true, true),
            (replace(closed), true, true),
            (replace(over), true, true),
            (delete, true, true),
        ] {
            let notifies = |statements: &Statements| {
                let (text, _) = statements
                    .of_command(command, to_micros(moment_at(0)))
                    .unwrap();
                text.contains("pg_notify")
            };
            assert!(!notifies(&nothing), "{command:?}");
            assert_eq!(notifies(&ends), with_ends, "{command:?}");
            assert_eq!(notifies(&changes), with_changes, "{command:?}");
        }
    }
}
