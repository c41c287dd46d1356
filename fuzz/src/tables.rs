//! Rows of the SQLite table that another program may have written, beside a reader of the documented columns.

use session_core::{
    Command, Cursor, Digest, Key, Moment, Only, Outcome, Record, Remembered, Revision, Salt,
    Store as _, Values, Whose,
};
use session_testkit::{digest_of, key_of, moment_at, record_of};
use sqlx::{Sqlite, query::Query, sqlite::SqliteArguments};

use crate::Draw;
use crate::rig::Rig;

/// The columns of a row, with what SQLite's types allow.
struct Row {
    key: Vec<u8>,
    revision: i64,
    present: Vec<u8>,
    issued: i64,
    remembered: Option<Vec<u8>>,
    earlier: Option<Vec<u8>>,
    until: Option<i64>,
    salt: Option<Vec<u8>>,
    closed: i64,
    created: i64,
    seen: i64,
    expires: i64,
    authenticated: Option<i64>,
    owner: Option<Vec<u8>>,
    expiry: Vec<u8>,
    label: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
    tag: Option<Vec<u8>>,
    credential: Option<Vec<u8>>,
    data: Vec<u8>,
}

/// Writes a drawn row beside a good session, and reads, lists and ends both.
pub fn tables(bytes: &[u8]) {
    let row = Row::draw(&mut Draw::new(bytes));
    let rig = Rig::take();
    rig.runtime.block_on(async {
        let (store, now) = (&rig.store, moment_at(0));
        let (good, mut record) = (key_of(9), record_of(9));
        record.owner = Some("ada".into());
        let (key, record) = (&good, &record);
        let begun = store.write(Command::Insert { key, record }, now).await;
        assert_eq!(begun.expect("a good record is written"), Outcome::Applied);
        let inserted = row.bind(sqlx::query(INSERT)).execute(&rig.pool).await;
        inserted.expect("the types are those of the columns");

        let expected = row.record();
        let key = Key::from_bytes(&row.key);
        if let Some(key) = &key {
            let loaded = store.load(key, &digest_of(0), now).await;
            assert_eq!(loaded.expect("a row is no failure"), expected);
        }
        let batch = store
            .walk(&Cursor::default(), 10, now)
            .await
            .expect("a row is no failure");
        let is_readable = key.is_some() && expected.is_some();
        assert_eq!(
            (batch.sessions.len(), batch.unreadable),
            (1 + usize::from(is_readable), usize::from(!is_readable))
        );
        for session in &batch.sessions {
            let is_good = session == &(good, record.clone());
            assert!(is_good || Some(session) == key.zip(expected.clone()).as_ref());
        }

        let devices = store
            .devices("ada", None, now, 10)
            .await
            .expect("a row is no failure");
        assert!(
            devices
                .iter()
                .any(|device| device.public_id == good.public_id())
        );
        if let Some(key) = &key {
            // It can be ended, and with it nothing else.
            let only = Only::Always;
            store
                .write(Command::Delete { key, only }, now)
                .await
                .expect("a row is no failure");
            assert_eq!(
                store
                    .load(key, &digest_of(0), now)
                    .await
                    .expect("memory is read"),
                None
            );
        }
        let left = store
            .load(&good, &digest_of(0), now)
            .await
            .expect("memory is read");
        assert_eq!(left.as_ref(), Some(record));
        store
            .revoke(Whose::Everybody, now)
            .await
            .expect("a row is no failure");
        let batch = store
            .walk(&Cursor::default(), 10, now)
            .await
            .expect("memory is read");
        assert!(batch.sessions.is_empty() && batch.unreadable == 0);
    });
}

impl Row {
    fn draw(draw: &mut Draw<'_>) -> Self {
        Self {
            key: match draw.below(4) {
                // The empty one is the store's own, to try whether it can write.
                0 => [draw.array::<1>().to_vec(), draw.bytes(40)].concat(),
                _ => key_of(1).as_bytes().to_vec(),
            },
            revision: draw.number(),
            present: half(draw),
            issued: micros(draw),
            remembered: draw.one_in(2).then(|| half(draw)),
            earlier: draw.one_in(2).then(|| half(draw)),
            until: draw.one_in(2).then(|| micros(draw)),
            salt: draw.one_in(2).then(|| half(draw)),
            closed: draw.small(),
            created: micros(draw),
            seen: micros(draw),
            expires: micros(draw),
            authenticated: draw.one_in(2).then(|| micros(draw)),
            owner: draw.one_in(2).then(|| text(draw)),
            expiry: expiry(draw),
            label: draw.one_in(2).then(|| text(draw)),
            address: draw.one_in(2).then(|| text(draw)),
            tag: draw.one_in(2).then(|| text(draw)),
            credential: draw.one_in(2).then(|| half(draw)),
            data: text(draw),
        }
    }

    /// The reference: a record, if each column has what a record can have.
    fn record(&self) -> Option<Record> {
        let text = |text: &Option<Vec<u8>>| match text {
            Some(text) => String::from_utf8(text.clone())
                .ok()
                .map(|text| Some(text.into())),
            None => Some(None),
        };
        let moment = |micros: i64| {
            let is_of_the_calendar = (FIRST..=LAST).contains(&micros);
            is_of_the_calendar.then(|| Moment::UNIX_EPOCH + time::Duration::microseconds(micros))
        };
        let revision = Revision::from_i64(self.revision);
        let present = Digest::from_bytes(&self.present)?;
        let mut record = Record::new(
            revision,
            present,
            moment(self.created)?,
            moment(self.expires)?,
        );
        record.secrets.issued = moment(self.issued)?;
        record.seen = moment(self.seen)?;
        if let Some(digest) = &self.remembered {
            let mut remembered = Remembered::new(Digest::from_bytes(digest)?, moment(self.until?)?);
            if let Some(earlier) = &self.earlier {
                remembered.earlier = Some(Digest::from_bytes(earlier)?);
            }
            if let Some(salt) = &self.salt {
                remembered.salt = Some(Salt::from_bytes(salt)?);
            }
            record.secrets.remembered = Some(remembered);
        }
        record.closed = self.closed != 0;
        if let Some(authenticated) = self.authenticated {
            record.authenticated = Some(moment(authenticated)?);
        }
        (record.owner, record.label) = (text(&self.owner)?, text(&self.label)?);
        (record.address, record.tag) = (text(&self.address)?, text(&self.tag)?);
        record.expiry = str::from_utf8(&self.expiry).ok()?.parse().ok()?;
        if let Some(credential) = &self.credential {
            record.credential = Some(Digest::from_bytes(credential)?);
        }
        // Values that are no text are a session without values.
        record.data = Values::from(str::from_utf8(&self.data).unwrap_or_default());
        Some(record)
    }

    fn bind<'q>(
        &self,
        query: Query<'q, Sqlite, SqliteArguments>,
    ) -> Query<'q, Sqlite, SqliteArguments> {
        let row = self;
        query
            .bind(row.key.clone())
            .bind(row.revision)
            .bind(row.present.clone())
            .bind(row.issued)
            .bind(row.remembered.clone())
            .bind(row.earlier.clone())
            .bind(row.until)
            .bind(row.salt.clone())
            .bind(row.closed)
            .bind(row.created)
            .bind(row.seen)
            .bind(row.expires)
            .bind(row.authenticated)
            .bind(row.owner.clone())
            .bind(row.expiry.clone())
            .bind(row.label.clone())
            .bind(row.address.clone())
            .bind(row.tag.clone())
            .bind(row.credential.clone())
            .bind(row.data.clone())
    }
}

/// Returns mostly as many bytes as a digest has.
fn half(draw: &mut Draw<'_>) -> Vec<u8> {
    if draw.one_in(8) {
        draw.bytes(20)
    } else {
        draw.array::<16>().to_vec()
    }
}

/// Returns mostly a moment, and sometimes one at the edge of the calendar.
fn micros(draw: &mut Draw<'_>) -> i64 {
    match draw.below(12) {
        10 => draw.number(),
        11 => *draw.pick(&[FIRST, FIRST - 1, LAST, LAST + 1, i64::MIN, i64::MAX]),
        _ => session_core::to_micros(moment_at(0)) + draw.small().clamp(-1 << 40, 1 << 40),
    }
}

/// Returns mostly a text.
fn text(draw: &mut Draw<'_>) -> Vec<u8> {
    match draw.below(8) {
        0 => draw.bytes(60),
        1..=4 => b"ada".to_vec(),
        _ => draw.text(300).into_bytes(),
    }
}

fn expiry(draw: &mut Draw<'_>) -> Vec<u8> {
    match draw.below(4) {
        0 => draw.expiry().to_string().into_bytes(),
        1 => draw.pieces(
            &[
                b"after:",
                b"at:",
                b"policy",
                b"close",
                b"-",
                b"0",
                b"9223372036854775807",
                b"1",
            ],
            4,
        ),
        _ => b"policy".to_vec(),
    }
}

/// The first and the last microsecond of the years -9999 to 9999.
const FIRST: i64 = -377_705_116_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

const INSERT: &str = "INSERT INTO session (key, revision, present, issued, remembered, earlier, remembered_until, salt, \
     closed, created, seen, expires, authenticated, owner, expiry, label, address, tag, credential, data) VALUES \
     (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), \
     CAST(? AS TEXT), ?, CAST(? AS TEXT))";
