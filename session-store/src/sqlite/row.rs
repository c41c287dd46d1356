use session_core::{
    Device, Digest, Expiry, Key, Record, Remembered, Revision, Salt, Secrets, from_micros,
    to_micros,
};
use sqlx::Row as _;
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use time::OffsetDateTime;

pub(super) type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds a record's fields, in the order of `Statements`.
pub(super) fn bind<'q>(statement: Statement<'q>, record: &'q Record) -> Statement<'q> {
    let secrets = &record.secrets;
    let remembered = secrets.remembered.as_ref();
    let earlier = remembered.and_then(|it| it.earlier.as_ref());
    let salt = remembered.and_then(|it| it.salt.as_ref());
    statement
        .bind(record.revision.to_i64())
        .bind(&secrets.present.as_bytes()[..])
        .bind(to_micros(secrets.issued))
        .bind(remembered.map(|it| &it.digest.as_bytes()[..]))
        .bind(earlier.map(|digest| &digest.as_bytes()[..]))
        .bind(remembered.map(|it| to_micros(it.until)))
        .bind(salt.map(|salt| &salt.as_bytes()[..]))
        .bind(record.closed)
        .bind(to_micros(record.created))
        .bind(to_micros(record.seen))
        .bind(to_micros(record.expires))
        .bind(record.authenticated.map(to_micros))
        .bind(record.owner.as_deref())
        .bind(record.expiry.to_string())
        .bind(&*record.data)
}

/// Reads a record; `None` if a field other than the data makes no sense.
///
/// Data that is no text is read as empty, which the core recognises as broken.
pub(super) fn record(row: &SqliteRow) -> Option<Record> {
    let remembered: Option<&[u8]> = row.try_get(3).ok()?;
    let authenticated: Option<i64> = row.try_get(11).ok()?;
    let owner: Option<&str> = row.try_get(12).ok()?;
    let expiry: &str = row.try_get(13).ok()?;
    Some(Record {
        revision: Revision::from_i64(row.try_get(0).ok()?),
        secrets: Secrets {
            present: Digest::from_bytes(row.try_get(1).ok()?)?,
            issued: moment(row, 2)?,
            remembered: match remembered {
                Some(digest) => Some(read_remembered(row, digest)?),
                None => None,
            },
        },
        closed: row.try_get(7).ok()?,
        created: moment(row, 8)?,
        seen: moment(row, 9)?,
        expires: moment(row, 10)?,
        authenticated: match authenticated {
            Some(micros) => Some(from_micros(micros)?),
            None => None,
        },
        owner: owner.map(Into::into),
        expiry: expiry.parse::<Expiry>().ok()?,
        data: row.try_get::<&str, _>(14).unwrap_or_default().into(),
    })
}

fn read_remembered(row: &SqliteRow, digest: &[u8]) -> Option<Remembered> {
    let earlier: Option<&[u8]> = row.try_get(4).ok()?;
    let salt: Option<&[u8]> = row.try_get(6).ok()?;
    Some(Remembered {
        digest: Digest::from_bytes(digest)?,
        earlier: match earlier {
            Some(bytes) => Some(Digest::from_bytes(bytes)?),
            None => None,
        },
        until: moment(row, 5)?,
        salt: match salt {
            Some(bytes) => Some(Salt::from_bytes(bytes)?),
            None => None,
        },
    })
}

/// Reads a line of an owner's list.
pub(super) fn device(row: &SqliteRow) -> Option<Device> {
    let key = Key::from_bytes(row.try_get(0).ok()?)?;
    Some(Device {
        public_id: key.public_id(),
        created: moment(row, 1)?,
        seen: moment(row, 2)?,
        expires: moment(row, 3)?,
    })
}

fn moment(row: &SqliteRow, index: usize) -> Option<OffsetDateTime> {
    // As a plain number NULL would be read as 0.
    let micros: Option<i64> = row.try_get(index).ok()?;
    from_micros(micros?)
}
