use std::sync::Arc;

use session_core::{
    Device, Digest, Expiry, Key, Record, Remembered, Revision, Salt, Secrets, from_micros,
    to_micros,
};
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Database, Decode, Encode, Error, Executor, IntoArguments, Row as _,
    Type,
};
use time::OffsetDateTime;

use super::Value;

type Statement<DB> = Query<'static, DB, <DB as Database>::Arguments>;

/// A database of `sqlx` with statements and rows as ours.
///
/// Every database implements it. The trait exists so that the long bounds are written once.
pub(crate) trait Driver: Database {
    /// Builds a statement, which each connection prepares once.
    fn statement(text: &Arc<str>, values: &[Value<'_>]) -> Statement<Self>;

    /// Runs a statement.
    fn execute(
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Self::QueryResult, Error>> + Send;

    /// Runs a statement and returns its rows.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fetch(
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Reads a record; `None` if a field other than the data is invalid.
    ///
    /// Data that is not UTF-8 is read as empty, which the core treats as corrupt.
    fn record(row: &Self::Row) -> Option<Record>;

    /// Reads an entry of an owner's list.
    fn device(row: &Self::Row) -> Option<Device>;
}

impl<DB> Driver for DB
where
    DB: Database,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
    bool: for<'v> Encode<'v, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    i64: for<'v> Encode<'v, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    String: for<'v> Encode<'v, DB> + Type<DB>,
    for<'r> &'r str: Decode<'r, DB> + Type<DB>,
    for<'r> &'r [u8]: Encode<'r, DB> + Decode<'r, DB> + Type<DB>,
    Option<i64>: for<'v> Encode<'v, DB>,
    for<'v> Option<&'v [u8]>: Encode<'v, DB>,
{
    fn statement(text: &Arc<str>, values: &[Value<'_>]) -> Statement<DB> {
        let statement = sqlx::query(AssertSqlSafe(Arc::clone(text)));
        let bind = |statement: Statement<DB>, value: &Value<'_>| match *value {
            Value::Bytes(bytes) => statement.bind(bytes),
            Value::Number(number) => statement.bind(number),
            Value::Fields(record) => {
                let Secrets {
                    present,
                    issued,
                    remembered,
                } = &record.secrets;
                let remembered = remembered.as_ref();
                let earlier = remembered.and_then(|it| it.earlier.as_ref());
                let salt = remembered.and_then(|it| it.salt.as_ref());
                // In the order of `statements::FIELDS`; see `record`.
                statement
                    .bind(record.revision.to_i64())
                    .bind(&present.as_bytes()[..])
                    .bind(to_micros(*issued))
                    .bind(remembered.map(|it| &it.digest.as_bytes()[..]))
                    .bind(earlier.map(|digest| &digest.as_bytes()[..]))
                    .bind(remembered.map(|it| to_micros(it.until)))
                    .bind(salt.map(|salt| &salt.as_bytes()[..]))
                    .bind(record.closed)
                    .bind(to_micros(record.created))
                    .bind(to_micros(record.seen))
                    .bind(to_micros(record.expires))
                    .bind(record.authenticated.map(to_micros))
                    .bind(record.owner.as_deref().map(str::as_bytes))
                    .bind(record.expiry.to_string())
                    .bind(record.data.as_bytes())
            }
        };
        values.iter().fold(statement, bind)
    }

    fn execute(
        connection: &mut DB::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<DB::QueryResult, Error>> + Send {
        Self::statement(text, values).execute(connection)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fetch(
        connection: &mut DB::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<DB::Row>, Error>> + Send {
        Self::statement(text, values).fetch_all(connection)
    }

    fn record(row: &DB::Row) -> Option<Record> {
        let moment = |index: usize| moment::<DB>(row, index);
        let bytes = |index: usize| row.try_get::<Option<&[u8]>, _>(index).ok();
        let remembered = match bytes(3)? {
            Some(digest) => Some(Remembered {
                digest: Digest::from_bytes(digest)?,
                earlier: match bytes(4)? {
                    Some(digest) => Some(Digest::from_bytes(digest)?),
                    None => None,
                },
                until: moment(5)?,
                salt: match bytes(6)? {
                    Some(salt) => Some(Salt::from_bytes(salt)?),
                    None => None,
                },
            }),
            None => None,
        };
        let authenticated = match row.try_get::<Option<i64>, _>(11).ok()? {
            Some(micros) => Some(from_micros(micros)?),
            None => None,
        };
        Some(Record {
            revision: Revision::from_i64(row.try_get(0).ok()?),
            secrets: Secrets {
                present: Digest::from_bytes(row.try_get(1).ok()?)?,
                issued: moment(2)?,
                remembered,
            },
            closed: row.try_get(7).ok()?,
            created: moment(8)?,
            seen: moment(9)?,
            expires: moment(10)?,
            authenticated,
            owner: bytes(12)?
                .map(str::from_utf8)
                .transpose()
                .ok()?
                .map(Into::into),
            expiry: row.try_get::<&str, _>(13).ok()?.parse::<Expiry>().ok()?,
            data: str::from_utf8(row.try_get(14).ok()?)
                .unwrap_or_default()
                .into(),
        })
    }

    fn device(row: &DB::Row) -> Option<Device> {
        let moment = |index: usize| moment::<DB>(row, index);
        Some(Device {
            public_id: Key::from_bytes(row.try_get(0).ok()?)?.public_id(),
            created: moment(1)?,
            seen: moment(2)?,
            expires: moment(3)?,
        })
    }
}

fn moment<DB: Database>(row: &DB::Row, index: usize) -> Option<OffsetDateTime>
where
    usize: ColumnIndex<DB::Row>,
    for<'r> i64: Decode<'r, DB> + Type<DB>,
{
    // SQLite would read NULL as the number 0.
    let micros: Option<i64> = row.try_get(index).ok()?;
    from_micros(micros?)
}
