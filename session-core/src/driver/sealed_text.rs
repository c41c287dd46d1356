//! A sealed session before it is encrypted.
//!
//! A byte for the version; then moments, in microseconds, the revision and the epoch, eight bytes each; the session's
//! own lifetime and five optional texts, each behind its length; the stamp of a credential; and the values, to the end.

use std::sync::Arc;

use crate::{Digest, Enclosed, Moment, Record, Revision, from_micros, to_micros};

/// Writes a session.
pub(super) fn write(session: &Enclosed) -> Vec<u8> {
    let Enclosed { record, epoch } = session;
    let mut text = Vec::with_capacity(record.data.len() + 160);
    text.push(VERSION);
    for number in [
        to_micros(record.created),
        to_micros(record.seen),
        to_micros(record.expires),
        record.authenticated.map_or(NEVER, to_micros),
        record.revision.to_i64(),
        epoch.cast_signed(),
    ] {
        text.extend(number.to_be_bytes());
    }
    let expiry = record.expiry.to_string();
    for part in [
        Some(&*expiry),
        record.owner.as_deref(),
        record.label.as_deref(),
        record.address.as_deref(),
        record.tag.as_deref(),
    ] {
        // One more than the length, so that an empty text is one. Longer ones fit into no cookie.
        let length = part.map_or(0, |part| part.len() + 1);
        text.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        text.extend(part.unwrap_or_default().as_bytes());
    }
    text.push(u8::from(record.credential.is_some()));
    text.extend(record.credential.iter().flat_map(|stamp| *stamp.as_bytes()));
    text.extend(record.data.as_bytes());
    text
}

/// Reads a session; `None` if it is of another version.
pub(super) fn read(text: &[u8]) -> Option<Enclosed> {
    let mut text = Text(text);
    if text.take::<1>()? != [VERSION] {
        return None;
    }
    let (created, seen, expires) = (text.moment()?, text.moment()?, text.moment()?);
    let authenticated = text.number()?;
    let revision = Revision::from_i64(text.number()?);
    let epoch = text.number()?.cast_unsigned();
    let mut record = Record::new(revision, Digest::from_bytes(&[0; 16])?, created, expires);
    record.seen = seen;
    if authenticated != NEVER {
        record.authenticated = Some(from_micros(authenticated)?);
    }
    record.expiry = text.part()??.parse().ok()?;
    record.owner = text.part()?;
    record.label = text.part()?;
    record.address = text.part()?;
    record.tag = text.part()?;
    if text.take::<1>()? == [1] {
        record.credential = Digest::from_bytes(&text.take::<16>()?);
    }
    record.data = std::str::from_utf8(text.0).ok()?.into();
    Some(Enclosed { record, epoch })
}

/// What is left to read.
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<i64> {
        Some(i64::from_be_bytes(self.take()?))
    }

    fn moment(&mut self) -> Option<Moment> {
        from_micros(self.number()?)
    }

    /// The outer `None` is a mistake, the inner one an absent text.
    #[allow(clippy::option_option, reason = "both are read here alone")]
    fn part(&mut self) -> Option<Option<Arc<str>>> {
        let length = usize::from(u16::from_be_bytes(self.take()?));
        let Some(length) = length.checked_sub(1) else {
            return Some(None);
        };
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(std::str::from_utf8(part).ok()?.into()))
    }
}

const VERSION: u8 = 1;

/// A moment that no session has.
const NEVER: i64 = i64::MIN;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Expiry;

    #[test]
    fn everything_comes_back_and_what_is_cut_off_is_none() {
        let moment = |micros| from_micros(micros).unwrap();
        let present = Digest::from_bytes(&[0; 16]).unwrap();
        let new = || Record::new(Revision::from_i64(7), present, moment(5), moment(99));
        let full = Record {
            seen: moment(6),
            authenticated: Some(moment(-1)),
            owner: Some("ada".into()),
            label: Some("".into()),
            address: Some("192.0.2.0/24".into()),
            tag: Some("ü".into()),
            credential: Digest::from_bytes(&[9; 16]),
            expiry: Expiry::After(Duration::from_mins(5)),
            data: r#"{"k":1}"#.into(),
            ..new()
        };
        for (record, epoch) in [(new(), 0), (full, u64::MAX)] {
            let text = write(&Enclosed {
                record: record.clone(),
                epoch,
            });
            let back = read(&text).unwrap();
            assert_eq!((back.record, back.epoch), (record, epoch));
            let values = text.len() - 7;
            for end in 0..values.min(text.len() - 2) {
                assert!(read(&text[..end]).is_none(), "{end}");
            }
            let mut other = text;
            other[0] += 1;
            assert!(read(&other).is_none());
        }
    }
}
