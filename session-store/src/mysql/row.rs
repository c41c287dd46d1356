use session_core::{Device, Found, Key, Record, from_micros, to_micros};
use sqlx::mysql::{MySql, MySqlArguments, MySqlRow};
use sqlx::query::Query;
use sqlx::{Error, Row as _};

use crate::sql::{self, Fields};

pub(super) type Statement<'q> = Query<'q, MySql, MySqlArguments>;

/// Binds a record's fields, which come first in every statement.
pub(super) fn bind<'q>(statement: Statement<'q>, record: &'q Record) -> Statement<'q> {
    statement
        .bind(record.revision.to_i64())
        .bind(&record.public_id.as_bytes()[..])
        .bind(to_micros(record.created))
        .bind(to_micros(record.seen))
        .bind(to_micros(record.expires))
        .bind(record.authenticated.map(to_micros))
        .bind(record.owner.as_deref().map(str::as_bytes))
        .bind(record.expiry.to_string())
        .bind(record.data.as_bytes())
}

/// Reads what was found for a key; none from a row that makes no sense.
pub(super) fn found(row: &MySqlRow, asked: &Key) -> Option<Found> {
    let record = fields(row).ok()?.record()?;
    sql::found(asked, row.try_get(9).ok()?, record)
}

/// Reads a line of an owner's list.
pub(super) fn device(row: &MySqlRow) -> Option<Device> {
    let moment = |index: usize| row.try_get(index).ok().and_then(from_micros);
    Some(Device {
        public_id: sql::public_id(row.try_get(0).ok()?)?,
        created: moment(1)?,
        seen: moment(2)?,
        expires: moment(3)?,
    })
}

fn fields(row: &MySqlRow) -> Result<Fields<'_>, Error> {
    Ok(Fields {
        revision: row.try_get(0)?,
        public_id: row.try_get(1)?,
        created: row.try_get(2)?,
        seen: row.try_get(3)?,
        expires: row.try_get(4)?,
        authenticated: row.try_get(5)?,
        owner: row.try_get(6)?,
        expiry: row.try_get(7)?,
        data: row.try_get(8)?,
    })
}
