use std::sync::Arc;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgQueryResult};
use sqlx::{Error, Row as _};

use super::notify::Notify;
use super::table::Table;
use crate::sql::{Dialect, Driver as _, Effect, Kind, Value};

/// A PostgreSQL database and the table in it.
pub(crate) struct Postgres {
    pub(super) options: PgConnectOptions,
    pub(super) table: Table,
    notify: Notify,
    pub(super) sweep: Arc<str>,
}

impl Postgres {
    pub(super) fn new(options: PgConnectOptions, table: Table, notify: Notify) -> Self {
        let sweep = SWEEP.replace("TABLE", table.quoted()).into();
        Self {
            options,
            table,
            notify,
            sweep,
        }
    }
}

impl Dialect for Postgres {
    type Driver = sqlx::Postgres;

    const IF_ABSENT: &'static str = "ON CONFLICT DO NOTHING";

    fn sql(&self, effect: Effect, text: &str) -> String {
        let is_told = match effect {
            Effect::Nothing => false,
            Effect::Ends => self.notify != Notify::Nothing,
            Effect::Changes => self.notify == Notify::Changes,
        };
        let text = text.replace("TABLE", self.table.quoted());
        let text = numbered(&text.replace("KEY", "key"));
        if !is_told {
            return text;
        }
        // It answers with as many rows as it has matched.
        format!(
            "WITH changed AS ({text} RETURNING key) \
             SELECT pg_notify('{}', encode(key, 'hex')) FROM changed",
            self.table.channel()
        )
    }

    fn count(done: &PgQueryResult) -> u64 {
        done.rows_affected()
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
        let row = sweep.fetch_one(connection).await?;
        let count: i64 = row.try_get(0)?;
        Ok((usize::try_from(count).unwrap_or(0), row.try_get(1)?))
    }

    async fn prepare(&self, connection: &mut PgConnection) -> Result<Kind, Error> {
        self.table.prepare(connection).await
    }
}

/// Numbers the values, as PostgreSQL wants it.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    (1..).zip(parts).fold(first, |text, (number, part)| {
        format!("{text}${number}{part}")
    })
}

/// Two sweeps at a time take different rows, and wait for nobody. The array is made once; a joined
/// subquery might be run again, past the limit.
const SWEEP: &str = "\
    WITH gone AS (DELETE FROM TABLE WHERE key = ANY (ARRAY (SELECT key FROM TABLE \
    WHERE expires >= $1 AND expires <= $2 ORDER BY expires LIMIT $3 \
    FOR UPDATE SKIP LOCKED)) RETURNING expires) \
    SELECT count(*), max(expires) FROM gone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_in_their_order() {
        assert_eq!(numbered("a = ? AND ? IN (b, c)"), "a = $1 AND $2 IN (b, c)");
        assert_eq!(numbered("none"), "none");
    }
}
