use std::sync::Arc;

use session_core::{
    Batch, Cursor, Device, Digest, Expiry, Key, Moment, Record, Remembered, Revision, Salt,
    Secrets, from_micros, to_micros,
};
use sqlx::database::HasStatementCache;
use sqlx::query::Query;
use sqlx::{
    AssertSqlSafe, ColumnIndex, Database, Decode, Encode, Error, Executor, IntoArguments, Row as _,
    Type,
};

use super::Value;
use super::statements::FIELDS;
use crate::estimate::{from_smallest, place_of_bytes};

type Statement<DB> = Query<'static, DB, <DB as Database>::Arguments>;

/// A database of `sqlx` with statements and rows as ours.
///
/// Every database implements it. The trait exists so that the long bounds are written once.
pub(crate) trait Driver: Database {
    /// Builds a statement, which each connection prepares once unless it is told otherwise.
    fn statement(text: &Arc<str>, values: &[Value<'_>]) -> Statement<Self>;

    /// Runs a statement.
    fn execute(
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
        prepared: Prepared,
    ) -> impl Future<Output = Result<Self::QueryResult, Error>> + Send;

    /// Runs a statement and returns its rows.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fetch(
        connection: &mut Self::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
        prepared: Prepared,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Reads a record; `None` if a field other than the data is invalid.
    ///
    /// Data that is not UTF-8 is read as empty, which the core treats as corrupt.
    fn record(row: &Self::Row) -> Option<Record>;

    /// Makes a batch of the rows of a walk, of which at most `limit` were asked for.
    fn batch(rows: &[Self::Row], limit: usize, warn: impl Fn()) -> Batch;

    /// Estimates how many sessions there are from the rows of a sample of keys.
    fn estimate(rows: &[Self::Row]) -> u64;

    /// Reads an entry of an owner's list.
    fn device(row: &Self::Row) -> Option<Device>;

    /// Reads a text, whatever the column's type is.
    #[cfg(feature = "django")]
    fn text(row: &Self::Row, index: usize) -> Option<String>;

    /// Reads the number in the first column.
    fn number(row: &Self::Row) -> Option<i64>;

    /// Reads the bytes in the first column.
    fn bytes(row: &Self::Row) -> Option<Vec<u8>>;

    /// Reads a moment that is a row's first column.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn time(row: &Self::Row) -> Option<Moment>;
}

impl<DB> Driver for DB
where
    DB: Database + HasStatementCache,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    usize: ColumnIndex<DB::Row>,
    bool: for<'v> Encode<'v, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    i64: for<'v> Encode<'v, DB> + for<'r> Decode<'r, DB> + Type<DB>,
    String: for<'v> Encode<'v, DB> + Type<DB>,
    for<'r> &'r str: Encode<'r, DB> + Decode<'r, DB> + Type<DB>,
    for<'r> &'r [u8]: Encode<'r, DB> + Decode<'r, DB> + Type<DB>,
    Option<i64>: for<'v> Encode<'v, DB>,
    for<'v> Option<&'v [u8]>: Encode<'v, DB>,
{
    fn statement(text: &Arc<str>, values: &[Value<'_>]) -> Statement<DB> {
        let statement = sqlx::query(AssertSqlSafe(Arc::clone(text)));
        let bind = |statement: Statement<DB>, value: &Value<'_>| match *value {
            Value::Bytes(bytes) => statement.bind(bytes),
            Value::Number(number) => statement.bind(number),
            #[cfg(feature = "django")]
            Value::Text(text) => statement.bind(text),
            Value::Fields(record) => {
                let Secrets {
                    present, issued, ..
                } = &record.secrets;
                let remembered = record.secrets.remembered.as_ref();
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
                    .bind(record.label.as_deref().map(str::as_bytes))
                    .bind(record.address.as_deref().map(str::as_bytes))
                    .bind(record.tag.as_deref().map(str::as_bytes))
                    .bind(record.credential.as_ref().map(|it| &it.as_bytes()[..]))
            }
        };
        values.iter().fold(statement, bind)
    }

    fn execute(
        connection: &mut DB::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
        prepared: Prepared,
    ) -> impl Future<Output = Result<DB::QueryResult, Error>> + Send {
        Self::statement(text, values)
            .persistent(prepared.is_kept())
            .execute(connection)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn fetch(
        connection: &mut DB::Connection,
        text: &Arc<str>,
        values: &[Value<'_>],
        prepared: Prepared,
    ) -> impl Future<Output = Result<Vec<DB::Row>, Error>> + Send {
        Self::statement(text, values)
            .persistent(prepared.is_kept())
            .fetch_all(connection)
    }

    fn record(row: &DB::Row) -> Option<Record> {
        let moment = |index: usize| moment::<DB>(row, index);
        let bytes = |index: usize| row.try_get::<Option<&[u8]>, _>(index).ok();
        let digest = |index: usize| optional(bytes(index)?, Digest::from_bytes);
        let text = |index: usize| {
            let text = |bytes| str::from_utf8(bytes).ok().map(Arc::from);
            optional(bytes(index)?, text)
        };
        let mut record = Record::new(
            Revision::from_i64(row.try_get(0).ok()?),
            Digest::from_bytes(row.try_get(1).ok()?)?,
            moment(8)?,
            moment(10)?,
        );
        record.secrets.issued = moment(2)?;
        if let Some(digest_before) = digest(3)? {
            let mut remembered = Remembered::new(digest_before, moment(5)?);
            remembered.earlier = digest(4)?;
            remembered.salt = optional(bytes(6)?, Salt::from_bytes)?;
            record.secrets.remembered = Some(remembered);
        }
        record.closed = row.try_get(7).ok()?;
        record.seen = moment(9)?;
        record.authenticated = optional(row.try_get(11).ok()?, from_micros)?;
        record.owner = text(12)?;
        record.expiry = row.try_get::<&str, _>(13).ok()?.parse::<Expiry>().ok()?;
        let data = str::from_utf8(row.try_get(14).ok()?);
        record.data = data.unwrap_or_default().into();
        record.label = text(15)?;
        record.address = text(16)?;
        record.tag = text(17)?;
        record.credential = digest(18)?;
        Some(record)
    }

    #[cfg(any(feature = "mysql", feature = "postgres"))]
    fn time(row: &DB::Row) -> Option<Moment> {
        moment::<DB>(row, 0)
    }

    fn batch(rows: &[DB::Row], limit: usize, warn: impl Fn()) -> Batch {
        let key = |row: &DB::Row| {
            row.try_get::<&[u8], _>(FIELDS.len())
                .ok()
                .map(<[u8]>::to_vec)
        };
        let mut batch = Batch::default();
        for row in rows {
            let session = key(row)
                .and_then(|key| Key::from_bytes(&key))
                .zip(Self::record(row));
            if session.is_none() {
                warn();
                batch.unreadable += 1;
            }
            batch.sessions.extend(session);
        }
        let last = rows.last().filter(|_| rows.len() >= limit);
        batch.next = last.and_then(key).map(|key| Cursor::from_bytes(&key));
        batch
    }

    fn estimate(rows: &[DB::Row]) -> u64 {
        let last = rows.last().and_then(Self::bytes).unwrap_or_default();
        from_smallest(rows.len(), place_of_bytes(&last))
    }

    fn device(row: &DB::Row) -> Option<Device> {
        let moment = |index: usize| moment::<DB>(row, index);
        let text = |index: usize| {
            let bytes = row.try_get::<Option<&[u8]>, _>(index).ok()?;
            optional(bytes, |bytes| str::from_utf8(bytes).ok().map(Arc::from))
        };
        let public_id = Key::from_bytes(row.try_get(0).ok()?)?.public_id();
        let mut device = Device::new(public_id, moment(1)?, moment(2)?, moment(3)?);
        device.label = text(4)?;
        device.address = text(5)?;
        Some(device)
    }

    #[cfg(feature = "django")]
    fn text(row: &DB::Row, index: usize) -> Option<String> {
        let text: Option<&str> = row.try_get_unchecked(index).ok()?;
        text.map(ToOwned::to_owned)
    }

    fn bytes(row: &Self::Row) -> Option<Vec<u8>> {
        let bytes: &[u8] = row.try_get(0).ok()?;
        Some(bytes.to_vec())
    }

    fn number(row: &DB::Row) -> Option<i64> {
        row.try_get(0).ok()
    }
}

/// Reads a value that may be absent; `None` if it is there and can't be read.
#[allow(clippy::option_option, reason = "unreadable is not the same as absent")]
fn optional<T, U>(value: Option<T>, read: impl FnOnce(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        Some(value) => read(value).map(Some),
        None => Some(None),
    }
}

/// Whether a connection keeps a prepared statement for the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prepared {
    Kept,
    #[cfg(feature = "postgres")]
    Once,
}

impl Prepared {
    pub(crate) fn is_kept(self) -> bool {
        self == Self::Kept
    }
}

fn moment<DB: Database>(row: &DB::Row, index: usize) -> Option<Moment>
where
    usize: ColumnIndex<DB::Row>,
    for<'r> i64: Decode<'r, DB> + Type<DB>,
{
    // SQLite would read NULL as the number 0.
    let micros: Option<i64> = row.try_get(index).ok()?;
    from_micros(micros?)
}
