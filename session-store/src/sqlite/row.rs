use session_core::{
    Device, Expiry, Found, Key, PublicId, Record, Revision, from_micros, to_micros,
};
use sqlx::Row as _;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use time::OffsetDateTime;

pub(super) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds a record's fields as ?1 to ?9.
pub(super) fn bind<'q>(statement: Statement<'q>, record: &'q Record) -> Statement<'q> {
    statement
        .bind(record.revision.to_i64())
        .bind(&record.public_id.as_bytes()[..])
        .bind(to_micros(record.created))
        .bind(to_micros(record.seen))
        .bind(to_micros(record.expires))
        .bind(record.authenticated.map(to_micros))
        .bind(record.owner.as_deref())
        .bind(record.expiry.to_string())
        .bind(&*record.data)
}

/// Reads a record; none from a row that says nothing sensible about whose it is or when it ends.
///
/// Data that is no text is read as empty, which the core takes for what it is.
fn record(row: &SqliteRow) -> Option<Record> {
    let authenticated: Option<i64> = row.try_get(5).ok()?;
    let owner: Option<&str> = row.try_get(6).ok()?;
    let expiry: &str = row.try_get(7).ok()?;
    Some(Record {
        revision: Revision::from_i64(row.try_get(0).ok()?),
        public_id: public_id(row, 1)?,
        created: moment(row, 2)?,
        seen: moment(row, 3)?,
        expires: moment(row, 4)?,
        authenticated: match authenticated {
            Some(micros) => Some(from_micros(micros)?),
            None => None,
        },
        owner: owner.map(Into::into),
        expiry: expiry.parse::<Expiry>().ok()?,
        data: row.try_get::<&str, _>(8).unwrap_or_default().into(),
    })
}

/// Reads what was found for a key; none as [`record`].
pub(super) fn found(row: &SqliteRow, asked: &Key) -> Option<Found> {
    let record = record(row)?;
    let digest: &[u8] = row.try_get(9).ok()?;
    if *digest == asked.digest()[..] {
        return Some(Found::Here(record));
    }
    let to = Key::from_digest(digest.try_into().ok()?);
    Some(Found::Moved { to, record })
}

/// Reads a line of an owner's list.
pub(super) fn device(row: &SqliteRow) -> Option<Device> {
    Some(Device {
        public_id: public_id(row, 0)?,
        created: moment(row, 1)?,
        seen: moment(row, 2)?,
        expires: moment(row, 3)?,
    })
}

fn public_id(row: &SqliteRow, index: usize) -> Option<PublicId> {
    let bytes: &[u8] = row.try_get(index).ok()?;
    bytes.try_into().ok().map(PublicId::from_bytes)
}

fn moment(row: &SqliteRow, index: usize) -> Option<OffsetDateTime> {
    row.try_get(index).ok().and_then(from_micros)
}
