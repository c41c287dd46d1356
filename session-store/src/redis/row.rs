//! The format of a record: one string, whose head scripts read too (`lua/record.lua`).
//!
//! | part | content |
//! |---|---|
//! | head | a fixed length: the format, five numbers, whether it is closed, three digests, three lengths |
//! | owner | empty, or an at sign and the owner |
//! | facts | a line of words, then texts: the fields that scripts don't read |
//! | more | fields of later versions, which this one keeps and does not read |
//! | data | the rest |

use std::sync::Arc;

use session_core::{Digest, Moment, Record, Remembered, Revision, Salt, from_micros, to_micros};

/// The offset that makes every moment a positive number of 19 digits.
const OFFSET: i64 = 1_000_000_000_000_000_000;

/// The length of the head.
pub(super) const HEAD: usize = 1 + 5 * 19 + 1 + 3 * 16 + 3 * 10;

/// The number of bytes that are read at first of a record whose data are not needed.
pub(super) const GLIMPSE: usize = 512;

/// A moment before every listing.
pub(super) const UNLISTED: &[u8] = b"0000000000000000000";

/// Writes a moment as scripts compare it.
pub(super) fn moment(moment: Moment) -> Vec<u8> {
    format!("{:019}", OFFSET + to_micros(moment)).into_bytes()
}

/// Returns the moment in milliseconds, the unit of Redis' own clock, rounded up.
pub(super) fn ceiling(moment: Moment) -> i64 {
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
pub(super) fn write(record: &Record, listed: Option<Moment>) -> Vec<u8> {
    let secrets = &record.secrets;
    let remembered = secrets.remembered.as_ref();
    let earlier = remembered.and_then(|remembered| remembered.earlier.as_ref());
    let owner = owner(record.owner.as_deref());
    let texts = [&record.label, &record.address, &record.tag].map(Option::as_deref);
    let lengths = texts.map(|text| word(text.map(str::len)));
    let hex = |bytes: Option<&[u8; 16]>| word(bytes.map(hex::encode));
    let line = format!(
        "{} {} {} {} {} {} {} {} {} {}\n",
        to_micros(secrets.issued),
        word(remembered.map(|remembered| to_micros(remembered.until))),
        hex(remembered.and_then(|remembered| Some(remembered.salt.as_ref()?.as_bytes()))),
        u8::from(earlier.is_some()),
        word(record.authenticated.map(to_micros)),
        record.expiry,
        hex(record.credential.as_ref().map(Digest::as_bytes)),
        lengths[0],
        lengths[1],
        lengths[2],
    );
    let texts = texts.map(|text| text.unwrap_or_default().as_bytes());
    let facts = line.len() + texts.iter().map(|text| text.len()).sum::<usize>();
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
        format!("{:010}{facts:010}{:010}", owner.len(), 0).as_bytes(),
        &*owner,
        line.as_bytes(),
        texts[0],
        texts[1],
        texts[2],
        record.data.as_bytes(),
    ]
    .concat()
}

/// Reads a record that [`write`] wrote; `None` for anything else.
///
/// Data that is not UTF-8 is read as empty, which the core treats as corrupt.
pub(super) fn read(bytes: &[u8]) -> Option<Record> {
    let [_, _, more] = lengths(bytes)?;
    let (mut record, rest) = split(bytes)?;
    let (_, data) = rest.split_at_checked(more)?;
    record.data = str::from_utf8(data).unwrap_or_default().into();
    Some(record)
}

/// Reads a record from its beginning, without the data; `None` if that is too short.
pub(super) fn read_without_data(bytes: &[u8]) -> Option<Record> {
    split(bytes).map(|(record, _)| record)
}

/// Returns the length of a record without the later fields and the data.
pub(super) fn length_without_data(bytes: &[u8]) -> Option<usize> {
    let [owner, facts, _] = lengths(bytes)?;
    HEAD.checked_add(owner)?.checked_add(facts)
}

fn lengths(bytes: &[u8]) -> Option<[usize; 3]> {
    let lengths = bytes.get(HEAD - 30..HEAD)?;
    let length = |index: usize| digits(&lengths[index * 10..][..10])?.try_into().ok();
    Some([length(0)?, length(1)?, length(2)?])
}

/// Reads a record without its data, and returns the bytes after its facts.
fn split(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let [owner, facts, _] = lengths(head)?;
    let (owner, rest) = rest.split_at_checked(owner)?;
    let (facts, rest) = rest.split_at_checked(facts)?;
    let (format, head) = head.split_first()?;
    let (numbers, head) = head.split_at(5 * 19);
    let (closed, digests) = head.split_first()?;
    let digest = |index: usize| Digest::from_bytes(&digests[index * 16..][..16]);
    let number = |index: usize| digits(&numbers[index * 19..][..19]);
    let moment = |index| from_micros(number(index)? - OFFSET);
    if *format != b'1' {
        return None;
    }
    let revision = Revision::from_i64(number(3)?);
    let mut record = Record::new(revision, digest(0)?, moment(4)?, moment(0)?);
    record.seen = moment(1)?;
    record.closed = match closed {
        b'0' => false,
        b'1' => true,
        // Scripts can't read it either, and would refuse every write.
        _ => return None,
    };
    record.owner = read_owner(owner)?;

    let line = facts.iter().position(|byte| *byte == b'\n')?;
    let mut words = str::from_utf8(&facts[..line]).ok()?.split(' ');
    record.secrets.issued = micros(words.next()?)?;
    let until = optional(words.next()?, micros)?;
    let salt = optional(words.next()?, |word| {
        Salt::from_bytes(&hex::decode(word).ok()?)
    })?;
    let has_earlier = words.next()? == "1";
    if let Some(until) = until {
        let mut remembered = Remembered::new(digest(1)?, until);
        remembered.earlier = if has_earlier { digest(2) } else { None };
        remembered.salt = salt;
        record.secrets.remembered = Some(remembered);
    }
    record.authenticated = optional(words.next()?, micros)?;
    record.expiry = words.next()?.parse().ok()?;
    record.credential = optional(words.next()?, |word| {
        Digest::from_bytes(&hex::decode(word).ok()?)
    })?;
    let mut texts = &facts[line + 1..];
    for field in [&mut record.label, &mut record.address, &mut record.tag] {
        if let Some(length) = optional(words.next()?, |word| word.parse().ok())? {
            let (text, rest) = texts.split_at_checked(length)?;
            *field = Some(str::from_utf8(text).ok()?.into());
            texts = rest;
        }
    }
    Some((record, rest))
}

/// Writes an optional word of a line; a dash stands for an absent one.
fn word(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// Reads a moment that [`moment`] wrote.
pub(super) fn read_moment(bytes: &[u8]) -> Option<Moment> {
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

fn micros(word: &str) -> Option<Moment> {
    from_micros(word.parse().ok()?)
}

/// Reads a word that [`word`] wrote.
#[allow(clippy::option_option, reason = "unreadable is not the same as absent")]
fn optional<T>(word: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if word == "-" {
        return Some(None);
    }
    read(word).map(Some)
}

#[cfg(test)]
mod tests;
