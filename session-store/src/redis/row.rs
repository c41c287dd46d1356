//! The format of a record: one string, whose head scripts read too (`lua/record.lua`).

use std::sync::Arc;

use session_core::{
    Device, Digest, Key, Record, Remembered, Revision, Salt, Secrets, from_micros, to_micros,
};
use time::OffsetDateTime;

/// The offset that makes every moment a positive number of 19 digits.
const OFFSET: i64 = 1_000_000_000_000_000_000;

/// The length of the head.
///
/// It has the format, five numbers, whether the record is closed, three digests and the owner's length.
pub(super) const HEAD: usize = 1 + 5 * 19 + 1 + 3 * 16 + 10;

/// A moment before every listing.
pub(super) const UNLISTED: &[u8] = b"0000000000000000000";

/// Writes a moment as scripts compare it.
pub(super) fn moment(moment: OffsetDateTime) -> Vec<u8> {
    format!("{:019}", OFFSET + to_micros(moment)).into_bytes()
}

/// Returns the moment in milliseconds, the unit of Redis' own clock, rounded up.
pub(super) fn ceiling(moment: OffsetDateTime) -> i64 {
    (to_micros(moment) + 999).div_euclid(1_000).max(1)
}

pub(super) fn revision(revision: Revision) -> Vec<u8> {
    format!("{:019}", revision.to_i64()).into_bytes()
}

/// Writes an owner; no owner differs from the owner with an empty name.
pub(super) fn owner(owner: Option<&str>) -> Vec<u8> {
    owner.map_or_else(Vec::new, |owner| [b"@", owner.as_bytes()].concat())
}

/// Writes a record and the end of its listing in the owner's index.
pub(super) fn write(record: &Record, listed: Option<OffsetDateTime>) -> Vec<u8> {
    let Record { secrets, .. } = record;
    let remembered = secrets.remembered.as_ref();
    let earlier = remembered.and_then(|remembered| remembered.earlier.as_ref());
    let owner = owner(record.owner.as_deref());
    let optional = |number: Option<i64>| number.map_or_else(|| "-".into(), |n| n.to_string());
    let rest = format!(
        "{} {} {} {} {} {}\n",
        to_micros(secrets.issued),
        optional(remembered.map(|remembered| to_micros(remembered.until))),
        remembered
            .and_then(|remembered| remembered.salt)
            .map_or_else(|| "-".into(), |salt| hex::encode(salt.as_bytes())),
        u8::from(earlier.is_some()),
        optional(record.authenticated.map(to_micros)),
        record.expiry,
    );
    // The present digest fills missing ones, so that scripts can compare without conditions.
    let present = &secrets.present;
    let before = remembered.map_or(present, |remembered| &remembered.digest);
    [
        b"1",
        &*moment(record.expires),
        &*moment(record.seen),
        &*listed.map_or_else(|| UNLISTED.to_vec(), moment),
        &*revision(record.revision),
        &*moment(record.created),
        if record.closed { b"1" } else { b"0" },
        present.as_bytes(),
        before.as_bytes(),
        earlier.unwrap_or(present).as_bytes(),
        format!("{:010}", owner.len()).as_bytes(),
        &*owner,
        rest.as_bytes(),
        record.data.as_bytes(),
    ]
    .concat()
}

/// Reads a record that [`write`] wrote; `None` for anything else.
///
/// Data that is not UTF-8 is read as empty, which the core treats as corrupt.
pub(super) fn read(bytes: &[u8]) -> Option<Record> {
    let head = Head::read(bytes)?;
    let (owner, rest) = bytes[HEAD..].split_at_checked(head.owner_bytes)?;
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let mut words = str::from_utf8(&rest[..line]).ok()?.splitn(6, ' ');
    let issued = micros(words.next()?)?;
    let until = optional(words.next()?, micros)?;
    let salt = optional(words.next()?, |digits| {
        Salt::from_bytes(&hex::decode(digits).ok()?)
    })?;
    let earlier = match words.next()? {
        "0" => None,
        _ => Some(head.earlier),
    };
    let authenticated = optional(words.next()?, micros)?;
    let expiry = words.next()?.parse().ok()?;
    Some(Record {
        revision: head.revision,
        secrets: Secrets {
            present: head.present,
            issued,
            remembered: until.map(|until| Remembered {
                digest: head.remembered,
                earlier,
                until,
                salt,
            }),
        },
        closed: head.closed,
        created: head.created,
        seen: head.seen,
        expires: head.expires,
        authenticated,
        owner: read_owner(owner)?,
        expiry,
        data: str::from_utf8(&rest[line + 1..]).unwrap_or_default().into(),
    })
}

/// The part of a record that has a fixed length.
pub(super) struct Head {
    pub(super) expires: OffsetDateTime,
    seen: OffsetDateTime,
    pub(super) revision: Revision,
    created: OffsetDateTime,
    pub(super) closed: bool,
    present: Digest,
    remembered: Digest,
    earlier: Digest,
    owner_bytes: usize,
}

impl Head {
    /// Reads the head of a record; `None` for anything else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (format, bytes) = bytes.get(..HEAD)?.split_first()?;
        let (numbers, rest) = bytes.split_at(5 * 19);
        let (closed, rest) = rest.split_first()?;
        let digest = |index: usize| Digest::from_bytes(&rest[index * 16..][..16]);
        let number = |index: usize| digits(&numbers[index * 19..][..19]);
        let moment = |index| from_micros(number(index)? - OFFSET);
        if *format != b'1' {
            return None;
        }
        Some(Self {
            expires: moment(0)?,
            seen: moment(1)?,
            revision: Revision::from_i64(number(3)?),
            created: moment(4)?,
            closed: *closed == b'1',
            present: digest(0)?,
            remembered: digest(1)?,
            earlier: digest(2)?,
            owner_bytes: digits(&rest[3 * 16..])?.try_into().ok()?,
        })
    }

    /// Returns the head if the record, whose beginning is `bytes`, has that owner.
    pub(super) fn of(self, bytes: &[u8], owner: &[u8]) -> Option<Self> {
        let theirs = bytes[HEAD..].get(..self.owner_bytes)?;
        (theirs == owner).then_some(self)
    }

    /// Returns the entry of a list of devices for the session under `key`.
    pub(super) fn device(&self, key: &Key) -> Device {
        Device {
            public_id: key.public_id(),
            created: self.created,
            seen: self.seen,
            expires: self.expires,
        }
    }
}

/// Reads a moment that [`moment`] wrote.
pub(super) fn read_moment(bytes: &[u8]) -> Option<OffsetDateTime> {
    from_micros(digits(bytes)? - OFFSET)
}

/// Reads an owner that [`owner`] wrote; `None` for anything else.
#[allow(
    clippy::option_option,
    reason = "unreadable is not the same as no owner"
)]
pub(super) fn read_owner(bytes: &[u8]) -> Option<Option<Arc<str>>> {
    match str::from_utf8(bytes).ok()? {
        "" => Some(None),
        owner => Some(Some(owner.strip_prefix('@')?.into())),
    }
}

/// Reads a number without a sign.
fn digits(bytes: &[u8]) -> Option<i64> {
    if !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(bytes).ok()?.parse().ok()
}

fn micros(word: &str) -> Option<OffsetDateTime> {
    from_micros(word.parse().ok()?)
}

/// Reads a word; a dash stands for an absent value.
#[allow(clippy::option_option, reason = "unreadable is not the same as absent")]
fn optional<T>(word: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if word == "-" {
        return Some(None);
    }
    read(word).map(Some)
}

#[cfg(test)]
mod tests {
    use session_core::Expiry;
    use session_testkit::{digest_of, key_of, moment_at, record_of};

    use super::*;

    fn full() -> Record {
        Record {
            revision: Revision::from_i64(i64::MAX),
            secrets: Secrets {
                present: digest_of(1),
                issued: moment_at(3),
                remembered: Some(Remembered {
                    digest: digest_of(2),
                    earlier: Some(digest_of(3)),
                    until: moment_at(4),
                    salt: Salt::from_bytes(&[9; 16]),
                }),
            },
            closed: true,
            authenticated: Some(moment_at(-1)),
            owner: Some("ada\n 1".into()),
            expiry: Expiry::At(moment_at(7)),
            data: "{\"a\": \"\n\"}".into(),
            ..record_of(1)
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut unsalted = full();
        let remembered = unsalted.secrets.remembered.as_mut().unwrap();
        (remembered.salt, remembered.earlier) = (None, None);
        let nameless = Record {
            owner: Some("".into()),
            ..record_of(2)
        };
        for record in [record_of(1), full(), unsalted, nameless] {
            for listed in [None, Some(moment_at(200))] {
                assert_eq!(read(&write(&record, listed)), Some(record.clone()));
            }
        }
    }

    #[test]
    fn a_part_of_a_record_is_none() {
        let whole = write(&full(), None);
        let data = full().data.len();
        for length in 0..whole.len() - data {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        }
        let mut other = whole.clone();
        other[0] = b'2';
        assert_eq!(read(&other), None);
        // Invalid data is left to the core.
        let broken = [&whole[..whole.len() - data], &[0xff]].concat();
        assert_eq!(read(&broken).map(|record| record.data), Some("".into()));
    }

    #[test]
    fn a_list_s_line_is_read_without_the_data() {
        let record = full();
        let (key, owner) = (&key_of(1), &owner(record.owner.as_deref()));
        let part = &write(&record, None)[..HEAD + owner.len()];
        let head = |part, owner| Head::read(part).unwrap().of(part, owner);
        let device = head(part, owner).map(|head| head.device(key));
        assert_eq!(device, Some(record.device(key)));
        assert!(head(part, b"@ada").is_none());
        // Only a part of a longer owner was read.
        assert!(head(&part[..HEAD + 4], b"@ada").is_none());
    }

    #[test]
    fn moments_have_nineteen_digits_that_sort() {
        let first = OffsetDateTime::UNIX_EPOCH.replace_year(-9_999).unwrap();
        let last = OffsetDateTime::UNIX_EPOCH.replace_year(9_999).unwrap();
        let texts = [first, OffsetDateTime::UNIX_EPOCH, moment_at(0), last].map(moment);
        assert!(texts.is_sorted() && &*texts[0] > UNLISTED);
        assert!(texts.iter().all(|text| text.len() == 19));
        assert_eq!(read_moment(&texts[2]), Some(moment_at(0)));
    }

    #[test]
    fn redis_frees_nothing_before_its_end() {
        let moment = moment_at(0);
        let millis = moment.unix_timestamp() * 1_000;
        assert_eq!(ceiling(moment), millis);
        assert_eq!(ceiling(moment + time::Duration::MICROSECOND), millis + 1);
        assert_eq!(ceiling(OffsetDateTime::UNIX_EPOCH), 1);
    }
}
