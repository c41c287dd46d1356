//! The format of a record: one string, whose head scripts read too (`lua/record.lua`).

use std::sync::Arc;

use session_core::{Digest, Record, Remembered, Revision, Salt, from_micros, to_micros};
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
    let text =
        |text: Option<&str>| text.map_or_else(|| "-".into(), |it| format!("@{}", hex::encode(it)));
    let optional = |number: Option<i64>| number.map_or_else(|| "-".into(), |n| n.to_string());
    let rest = format!(
        "{} {} {} {} {} {} {} {} {} {}\n",
        to_micros(secrets.issued),
        optional(remembered.map(|remembered| to_micros(remembered.until))),
        remembered
            .and_then(|remembered| remembered.salt)
            .map_or_else(|| "-".into(), |salt| hex::encode(salt.as_bytes())),
        u8::from(earlier.is_some()),
        optional(record.authenticated.map(to_micros)),
        text(record.label.as_deref()),
        text(record.address.as_deref()),
        text(record.tag.as_deref()),
        record
            .credential
            .map_or_else(|| "-".into(), |stamp| hex::encode(stamp.as_bytes())),
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
    let mut words = str::from_utf8(&rest[..line]).ok()?.splitn(10, ' ');
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
    let text = |word: &str| {
        let bytes = hex::decode(word.strip_prefix('@')?).ok()?;
        String::from_utf8(bytes).ok().map(Arc::from)
    };
    let mut record = Record::new(head.revision, head.present, head.created, head.expires);
    record.label = optional(words.next()?, text)?;
    record.address = optional(words.next()?, text)?;
    record.tag = optional(words.next()?, text)?;
    record.credential = optional(words.next()?, |digits| {
        Digest::from_bytes(&hex::decode(digits).ok()?)
    })?;
    record.expiry = words.next()?.parse().ok()?;
    record.secrets.issued = issued;
    record.secrets.remembered = until.map(|until| {
        let mut remembered = Remembered::new(head.remembered, until);
        (remembered.earlier, remembered.salt) = (earlier, salt);
        remembered
    });
    record.closed = head.closed;
    record.seen = head.seen;
    record.authenticated = authenticated;
    record.owner = read_owner(owner)?;
    record.data = str::from_utf8(&rest[line + 1..]).unwrap_or_default().into();
    Some(record)
}

/// The part of a record that has a fixed length.
pub(super) struct Head {
    pub(super) expires: OffsetDateTime,
    seen: OffsetDateTime,
    pub(super) revision: Revision,
    pub(super) created: OffsetDateTime,
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
    use session_core::Secrets;
    use session_testkit::{changed, digest_of, moment_at, record_of};

    use super::*;

    fn full() -> Record {
        let remembered = changed!(
            Remembered::new(digest_of(2), moment_at(4)),
            earlier = Some(digest_of(3)),
            salt = Salt::from_bytes(&[9; 16])
        );
        changed!(
            record_of(1),
            revision = Revision::from_i64(i64::MAX),
            secrets = changed!(
                Secrets::new(digest_of(1), moment_at(3)),
                remembered = Some(remembered)
            ),
            closed = true,
            authenticated = Some(moment_at(-1)),
            owner = Some("ada\n 1".into()),
            expiry = Expiry::At(moment_at(7)),
            label = Some("Firefox\n".into()),
            address = Some("".into()),
            tag = Some(" @-".into()),
            credential = Some(digest_of(4)),
            data = "{\"a\": \"\n\"}".into()
        )
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut unsalted = full();
        let remembered = unsalted.secrets.remembered.as_mut().unwrap();
        (remembered.salt, remembered.earlier) = (None, None);
        let nameless = changed!(record_of(2), owner = Some("".into()));
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
    fn an_owner_is_read_without_the_rest() {
        let record = full();
        let owner = &owner(record.owner.as_deref());
        let part = &write(&record, None)[..HEAD + owner.len()];
        let head = |part, owner| Head::read(part).unwrap().of(part, owner);
        let created = head(part, owner).map(|head| head.created);
        assert_eq!(created, Some(record.created));
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
