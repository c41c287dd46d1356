use session_core::{Key, Record, Revision};

use crate::moving::form::{HEAD_LENGTH, split_marker};

/// The mark of a session that is on its way.
///
/// It names the session too: a library that moves values to another id takes the mark along, and that other session is not
/// on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) revision: Revision,
    /// What [`Moving`](crate::Moving) writes before the values.
    pub(super) head: String,
}

impl Marker {
    /// Reads what [`Moving`](crate::Moving) replaces a session by; `None` if that is something else.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let (head, _) = split_marker(&record.data)?;
        Some(Self {
            revision: record.revision,
            head: head.to_owned(),
        })
    }

    pub(super) fn text(&self, key: &Key) -> String {
        let revision = self.revision.to_i64();
        format!("{}{revision:016x}{}", name(key), self.head)
    }

    /// Reads the mark of the session with a key.
    pub(super) fn read(text: &str, key: &Key) -> Option<Self> {
        let (revision, head) = text.strip_prefix(&name(key))?.split_at_checked(16)?;
        let (head, _) = split_marker(head).filter(|_| head.len() == HEAD_LENGTH)?;
        Some(Self {
            revision: Revision::from_i64(i64::from_str_radix(revision, 16).ok()?),
            head: head.to_owned(),
        })
    }
}

fn name(key: &Key) -> String {
    key.public_id().to_string()
}

#[cfg(test)]
mod tests {
    use session_testkit::{changed, key_of, record_of};

    use super::*;

    const HEAD: &str = r#"{"moving":"00000000000000a1","from":"7fffffffffffffff"}"#;

    #[test]
    fn a_marker_is_read_as_it_was_written_and_nothing_else_is_one() {
        let data = format!(r#"{HEAD}{{"n":1}}"#);
        let record = changed!(record_of(7), data = data.into());
        let marker = Marker::of(&record).unwrap();
        let text = marker.text(&key_of(1));
        assert_eq!(Marker::read(&text, &key_of(1)).as_ref(), Some(&marker));
        assert_eq!(Marker::read(&text, &key_of(2)), None);
        for other in [
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}{{}}"),
            "",
            HEAD,
        ] {
            assert_eq!(Marker::read(other, &key_of(1)), None, "{other}");
        }
        assert_eq!(Marker::of(&record_of(7)), None);
    }
}
