use session_core::{Digest, Moment, Record, Revision, Secrets};

/// A session's place in `new`, which is taken before it is moved: closed, and without a secret that opens it.
///
/// It has everything else, so that a store which can't keep the session refuses it before anything has happened, and
/// a revocation finds it.
pub(super) fn placeholder(of: &Record, link: Revision, nobody: Digest, expires: Moment) -> Record {
    let mut record = of.clone();
    record.revision = link;
    record.secrets = Secrets::new(nobody, of.secrets.issued);
    record.closed = true;
    record.expires = expires;
    record
}

/// The digest of no secret, in placeholders.
pub(crate) const NOBODY: [u8; 16] = [0; 16];

pub(crate) fn is_placeholder(record: &Record) -> bool {
    let secrets = &record.secrets;
    record.closed && *secrets.present.as_bytes() == NOBODY && secrets.remembered.is_none()
}

/// A session that `old` has given up: a marker stands for it there until it is in `new`.
#[derive(Debug, Clone)]
pub(super) struct Claimed {
    /// The marker's own revision, of which no other claim has one.
    pub(super) revision: Revision,
    /// That of the placeholder, which names it.
    pub(super) link: Revision,
    /// The session as it was, and as it will be in `new`.
    pub(super) record: Record,
}

impl Claimed {
    /// Returns the marker: the whole session, closed, with both revisions before its values.
    ///
    /// A text of two objects is no session's values, so nothing else looks like a marker.
    pub(super) fn marker(&self) -> Record {
        let mut marker = self.record.clone();
        marker.revision = self.revision;
        marker.closed = true;
        let [link, from] = [self.link, self.record.revision].map(|it| it.to_i64().cast_unsigned());
        let values = &*self.record.data;
        marker.data = format!("{LINK}{link:016x}{FROM}{from:016x}{END}{values}").into();
        marker
    }

    /// Reads a marker; `None` if the record is none.
    pub(super) fn read(marker: &Record) -> Option<Self> {
        if !marker.closed {
            return None;
        }
        let (head, values) = split_marker(&marker.data)?;
        let (link, rest) = revision(head.strip_prefix(LINK)?)?;
        let (from, _) = revision(rest.strip_prefix(FROM)?)?;
        let mut record = marker.clone();
        record.data = values.into();
        record.revision = from;
        record.closed = false;
        let revision = marker.revision;
        Some(Self {
            revision,
            link,
            record,
        })
    }
}

/// Parts what a marker has before a session's values from these; `None` if it is none.
pub(crate) fn split_marker(data: &str) -> Option<(&str, &str)> {
    let (head, values) = data.split_at_checked(HEAD_LENGTH)?;
    let (_, rest) = revision(head.strip_prefix(LINK)?)?;
    let (_, end) = revision(rest.strip_prefix(FROM)?)?;
    (end == END).then_some((head, values))
}

/// The bytes of a marker's head.
pub(crate) const HEAD_LENGTH: usize = LINK.len() + 16 + FROM.len() + 16 + END.len();

const LINK: &str = r#"{"moving":""#;
const FROM: &str = r#"","from":""#;
const END: &str = r#""}"#;

fn revision(text: &str) -> Option<(Revision, &str)> {
    let (digits, rest) = text.split_at_checked(16)?;
    let number = u64::from_str_radix(digits, 16).ok()?;
    Some((Revision::from_i64(number.cast_signed()), rest))
}

/// Returns a record of which a replacement removes what it replaces.
pub(super) fn over(mut record: Record, now: Moment) -> Record {
    record.expires = now;
    record
}

#[cfg(test)]
mod tests {
    use session_testkit::{changed, digest_of, moment_at, record_of};

    use super::*;

    #[test]
    fn a_marker_is_read_as_what_it_was_and_nothing_else_is_a_marker() {
        for (revision, data) in [
            (7, "{}"),
            (i64::MAX, r#"{"n":1}"#),
            (i64::MIN, ""),
            (0, "no JSON"),
            (
                1,
                r#"{"moving":"0000000000000001","from":"0000000000000002"}{}"#,
            ),
        ] {
            let record = changed!(
                record_of(1),
                revision = Revision::from_i64(revision),
                data = data.into()
            );
            let claimed = Claimed {
                revision: Revision::from_i64(5),
                link: Revision::from_i64(-6),
                record: record.clone(),
            };
            let marker = claimed.marker();
            assert!(marker.closed && marker.revision == claimed.revision);
            let read = Claimed::read(&marker).unwrap();
            assert_eq!((read.link, read.revision), (claimed.link, claimed.revision));
            assert_eq!(read.record, record);
            let closed = changed!(record, closed = true);
            let is_marker = Claimed::read(&closed).is_some();
            assert_eq!(is_marker, data.starts_with(r#"{"moving"#), "{data}");
            assert!(Claimed::read(&changed!(marker, closed = false)).is_none());
        }
    }

    #[test]
    fn a_placeholder_is_known_by_the_secret_that_it_lacks() {
        let nobody = Digest::from_bytes(&NOBODY).unwrap();
        let held = placeholder(&record_of(1), Revision::from_i64(9), nobody, moment_at(500));
        assert!(is_placeholder(&held) && held.data == record_of(1).data);
        assert!(!is_placeholder(&changed!(held.clone(), closed = false)));
        let opens = Secrets::new(digest_of(0), moment_at(0));
        assert!(!is_placeholder(&changed!(held, secrets = opens)));
    }
}
