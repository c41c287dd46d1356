use redis::Value;
use session_core::{Key, PublicId, Record, Revision, from_micros, to_micros};
use time::OffsetDateTime;

use super::ask::Answer;

/// Added to microseconds since 1970, so that every moment is a positive number of 19 digits.
const OFFSET: i64 = 1_000_000_000_000_000_000;

/// Writes a moment as scripts compare it.
pub(super) fn moment(moment: OffsetDateTime) -> Vec<u8> {
    format!("{:019}", OFFSET + to_micros(moment)).into_bytes()
}

/// Writes a moment that may be none.
pub(super) fn optional(at: Option<OffsetDateTime>) -> Vec<u8> {
    at.map_or_else(Vec::new, moment)
}

pub(super) fn revision(revision: Revision) -> Vec<u8> {
    revision.to_i64().to_string().into_bytes()
}

pub(super) fn digest(key: &Key) -> Vec<u8> {
    let mut text = Vec::with_capacity(64);
    for byte in key.digest() {
        text.extend([byte >> 4, byte & 15].map(|half| b"0123456789abcdef"[usize::from(half)]));
    }
    text
}

/// Writes an owner so that nobody and the owner without a name are told apart.
pub(super) fn owner(owner: Option<&str>) -> Vec<u8> {
    match owner {
        Some(owner) => [b"@", owner.as_bytes()].concat(),
        None => Vec::new(),
    }
}

/// Writes a record as the seven arguments that scripts take.
pub(super) fn record(record: &Record) -> [Vec<u8>; 7] {
    let authenticated = record.authenticated.map(to_micros);
    let authenticated = authenticated.map_or_else(|| "-".into(), |micros| micros.to_string());
    let created = to_micros(record.created);
    let rest = format!("{created} {authenticated} {}", record.expiry);
    [
        revision(record.revision),
        moment(record.expires),
        moment(record.seen),
        record.public_id.as_bytes().to_vec(),
        owner(record.owner.as_deref()),
        rest.into_bytes(),
        record.data.as_bytes().to_vec(),
    ]
}

/// Reads what a script returned; none if it is nothing that our scripts return.
pub(super) fn answer(value: Value) -> Option<Answer> {
    let items = match value {
        Value::Nil => return Some(Answer::Nothing),
        Value::Int(count) => return usize::try_from(count).ok().map(Answer::Count),
        Value::BulkString(text) if text == b"kept" => return Some(Answer::Kept),
        Value::BulkString(text) if text == b"done" => return Some(Answer::Done),
        Value::Array(items) => items,
        _ => return None,
    };
    let (tag, rest) = items.split_first()?;
    match (text(tag)?, rest) {
        ("here", [fields @ .., at]) => {
            let record = Box::new(read_record(fields)?);
            Some(match text(at)? {
                "" => Answer::Here(record),
                _ => Answer::There(read_digest(at)?, record),
            })
        }
        ("moved", [to]) => read_digest(to).map(Answer::Moved),
        ("pending", [from, revision]) => Some(Answer::Pending(
            read_digest(from)?,
            read_revision(revision)?,
        )),
        ("unlisted", [owner]) => read_owner(owner)?.map(Answer::Unlisted),
        ("ended", [owner]) => read_owner(owner).map(Answer::Ended),
        ("keys", keys) => keys
            .iter()
            .map(read_digest)
            .collect::<Option<_>>()
            .map(Answer::Keys),
        ("devices", found) => {
            let devices = found.iter().map(|found| match found {
                Value::Array(items) => Some(read_record(items.get(1..8)?)?.device()),
                _ => None,
            });
            devices.collect::<Option<_>>().map(Answer::Devices)
        }
        _ => None,
    }
}

/// Data that is no text is read as empty, which the core takes for what it is.
fn read_record(fields: &[Value]) -> Option<Record> {
    let [revision, expires, seen, handle, owner, rest, data] = fields else {
        return None;
    };
    let mut rest = text(rest)?.splitn(3, ' ');
    let created = from_micros(rest.next()?.parse().ok()?)?;
    let authenticated = match rest.next()? {
        "-" => None,
        micros => Some(from_micros(micros.parse().ok()?)?),
    };
    Some(Record {
        revision: read_revision(revision)?,
        public_id: PublicId::from_bytes(bytes(handle)?.try_into().ok()?),
        created,
        seen: read_moment(seen)?,
        expires: read_moment(expires)?,
        authenticated,
        owner: read_owner(owner)?.map(Into::into),
        expiry: rest.next()?.parse().ok()?,
        data: text(data).unwrap_or_default().into(),
    })
}

fn read_moment(value: &Value) -> Option<OffsetDateTime> {
    let micros: i64 = text(value)?.parse().ok()?;
    from_micros(micros.checked_sub(OFFSET)?)
}

fn read_revision(value: &Value) -> Option<Revision> {
    text(value)?.parse().ok().map(Revision::from_i64)
}

/// Reads what [`owner`] wrote: none if it can't be read, and some none for nobody.
#[allow(
    clippy::option_option,
    reason = "to be read and to be somebody are two questions"
)]
fn read_owner(value: &Value) -> Option<Option<String>> {
    match text(value)? {
        "" => Some(None),
        owner => Some(Some(owner.strip_prefix('@')?.to_owned())),
    }
}

fn read_digest(value: &Value) -> Option<Key> {
    key(bytes(value)?)
}

/// Reads a digest's 64 digits.
pub(super) fn key(digits: &[u8]) -> Option<Key> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let mut digest = [0; 32];
    if pairs.len() != digest.len() || !rest.is_empty() {
        return None;
    }
    let half = |digit: u8| char::from(digit).to_digit(16);
    for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
        *byte = u8::try_from(half(*high)? << 4 | half(*low)?).ok()?;
    }
    Some(Key::from_digest(digest))
}

fn text(value: &Value) -> Option<&str> {
    str::from_utf8(bytes(value)?).ok()
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::{key_of, moment_at};

    use super::*;

    #[test]
    fn moments_have_nineteen_digits_that_sort() {
        let first = OffsetDateTime::UNIX_EPOCH.replace_year(-9_999).unwrap();
        let last = OffsetDateTime::UNIX_EPOCH.replace_year(9_999).unwrap();
        let texts = [first, OffsetDateTime::UNIX_EPOCH, moment_at(0), last].map(moment);
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 19));
    }

    #[test]
    fn a_digest_is_read_as_it_was_written() {
        assert_eq!(key(&digest(&key_of(1))), Some(key_of(1)));
        for bad in ["", "ab", &"g".repeat(64), &"+1".repeat(32), &"a".repeat(65)] {
            assert_eq!(key(bad.as_bytes()), None, "{bad}");
        }
    }
}
