use std::ops::Deref;

use super::data::Data;
use super::draft::Draft;
use crate::Values;
use crate::port::index::Member;
use crate::port::values::Indexing;

/// Writes a JSON object, of which most stands in another one: its members are kept with the bytes that they
/// have, unless something else is said.
pub(crate) struct Writer<'a> {
    base: &'a Data,
    text: Draft,
    /// The place of the first member of the base that is still to be written.
    next: usize,
    /// Where the members stand that are written, if the base has an index that is shared.
    index: Option<Indexing>,
}

/// An object that was written.
pub(crate) struct Written {
    text: Draft,
    index: Option<Indexing>,
}

impl<'a> Writer<'a> {
    /// Begins an object that takes about so many bytes more than the base.
    #[inline]
    pub(crate) fn new(base: &'a Data, more: usize) -> Self {
        let mut text = Draft::with_capacity(base.text().len() + more);
        text.push('{');
        Self {
            base,
            text,
            next: 0,
            index: base.is_indexed().then(Indexing::new),
        }
    }

    /// Leaves a member of the base out; no later one was changed.
    pub(crate) fn leave_out(&mut self, place: usize) {
        self.keep_until(place);
        self.next = place + 1;
    }

    /// Leaves all members of the base out; none was changed.
    pub(crate) fn leave_all_out(&mut self) {
        self.next = self.base.members().len();
    }

    /// Gives a member of the base another value; no later one was changed.
    pub(crate) fn replace(&mut self, place: usize, value: &str) {
        let member = self.base.members()[place];
        let (from, to) = self.keep(place, member.value().start);
        let start = self.text.len();
        self.text.push_str(value);
        let end = self.text.len();
        self.note(|| member.copied(from, to).with_value(start..end));
        self.next = place + 1;
    }

    /// Adds a member.
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.keep_until(self.base.members().len());
        self.separate();
        let start = self.text.len();
        if key.bytes().all(is_plain) {
            self.text.push('"');
            self.text.push_str(key);
            self.text.push('"');
        } else {
            // A string always has a JSON form.
            self.text
                .push_str(&serde_json::Value::from(key).to_string());
            // One that is found by its bytes alone has no escapes.
            self.index = None;
        }
        let end = self.text.len();
        self.text.push(':');
        self.text.push_str(value);
        let all = self.text.len();
        self.note(|| Member::at(start..end, end + 1..all));
    }

    #[inline]
    pub(crate) fn finish(mut self) -> Written {
        self.keep_until(self.base.members().len());
        self.text.push('}');
        Written {
            text: self.text,
            index: self.index,
        }
    }

    /// Copies the members before a place that are still to be written.
    #[inline]
    fn keep_until(&mut self, place: usize) {
        if self.next < place {
            self.keep(place, self.base.members()[place - 1].range().end);
            self.next = place;
        }
    }

    /// Copies the members before a place that are still to be written, and the base's text up to `end`, as one.
    /// Returns where that began in the base, and where it begins now.
    #[inline]
    fn keep(&mut self, place: usize, end: usize) -> (usize, usize) {
        self.separate();
        let members = self.base.members();
        let start = members[self.next].range().start;
        let to = self.text.len();
        self.text.push_str(&self.base.text()[start..end]);
        if let Some(index) = &mut self.index {
            let kept = &members[self.next..place];
            index.fill(|index| index.add_copied(kept, start, to));
        }
        (start, to)
    }

    #[inline]
    fn note(&mut self, member: impl FnOnce() -> Member) {
        if let Some(index) = &mut self.index {
            index.fill(|index| index.add(member()));
        }
    }

    #[inline]
    fn separate(&mut self) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
    }
}

impl Deref for Written {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// The index goes on with the text: where one is shared, the next request does not look through what
/// this one has written.
impl From<Written> for Values {
    fn from(written: Written) -> Self {
        match written.index {
            Some(index) => index.finish(&written.text),
            None => (*written.text).into(),
        }
    }
}

/// Returns a bound of [`member_size`]: as if each byte of the name were escaped.
#[inline]
pub(crate) fn most_size(key: &str, value: usize) -> usize {
    6 * key.len() + value + 4
}

/// Returns the bytes that a value and its name take in an object, with a comma.
pub(crate) fn member_size(key: &[u8], value: usize) -> usize {
    let escapes = |byte: u8| match byte {
        _ if is_plain(byte) => 0,
        // A letter behind a backslash.
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 1,
        // \u and four digits.
        _ => 5,
    };
    key.len() + key.iter().copied().map(escapes).sum::<usize>() + value + 4
}

/// Says whether a byte stands in a string as it is.
#[inline]
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::index::Index;

    #[test]
    fn what_the_writer_adds_reads_back() {
        let names = [
            "plain",
            "quo\"te",
            "back\\slash",
            "new\nline",
            "",
            "é\u{1f600}",
        ];
        let empty = Data::default();
        let mut writer = Writer::new(&empty, 0);
        for name in names {
            writer.add(name, "true");
        }
        let text: Values = writer.finish().into();
        assert_eq!(
            text.len() - 1,
            names
                .map(|name| member_size(name.as_bytes(), 4))
                .iter()
                .sum::<usize>()
        );
        let data = Data::new(text);
        assert!(data.iter().map(|(name, _)| name).eq(names));
    }

    #[test]
    fn members_that_stay_keep_their_bytes_and_their_order() {
        let base = Data::new(r#" {"a" : 1, "\ud800":NaN ,"b": [2 ],"b":3 , "c":4} "#.into());
        // For each member: kept, left out, or replaced.
        for (acts, expected) in [
            (
                "kkkkk",
                r#"{"a" : 1, "\ud800":NaN ,"b": [2 ],"b":3 , "c":4}"#,
            ),
            ("-----", "{}"),
            ("-k---", r#"{"\ud800":NaN}"#),
            ("kk-kk", r#"{"a" : 1, "\ud800":NaN,"b":3 , "c":4}"#),
            ("0kk0k", r#"{"a" : 0,"\ud800":NaN ,"b": [2 ],"b":0,"c":4}"#),
            ("k000-", r#"{"a" : 1, "\ud800":0,"b": 0,"b":0}"#),
        ] {
            let mut writer = Writer::new(&base, 0);
            for (place, act) in acts.chars().enumerate() {
                match act {
                    'k' => {}
                    '-' => writer.leave_out(place),
                    _ => writer.replace(place, "0"),
                }
            }
            assert_eq!(&*writer.finish(), expected, "{acts}");
            let mut writer = Writer::new(&base, 0);
            writer.leave_all_out();
            writer.add("d", "0");
            assert_eq!(&*writer.finish(), r#"{"d":0}"#);
        }
    }

    #[test]
    fn an_index_that_is_shared_goes_on_with_what_is_written() {
        let text = format!(
            r#" {{"a" : 1, "b":"{}" ,"c": [2 ],"d":3}} "#,
            "x".repeat(600)
        );
        let plain = Data::new(text.as_str().into());
        let indexed = Data::new(plain.values().unwrap().indexed());
        // For each member as above, then the names that are added.
        for (acts, added) in [
            ("kkkk", &[][..]),
            ("k0kk", &["e"]),
            ("0kk0", &["e", "f"]),
            ("-k-k", &[]),
            ("k0-0", &["e"]),
            ("kkk-", &["d"]),
            ("kkkk", &["e\n"]),
            ("kkkk", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        ] {
            let write = |base| {
                let mut writer = Writer::new(base, 0);
                for (place, act) in acts.chars().enumerate() {
                    match act {
                        'k' => {}
                        '-' => writer.leave_out(place),
                        _ => writer.replace(place, &format!("\"{}\"", "y".repeat(600))),
                    }
                }
                for name in added {
                    writer.add(name, "null");
                }
                Values::from(writer.finish())
            };
            let (text, values) = (write(&plain), write(&indexed));
            assert_eq!(text, values, "{acts}");
            assert!(text.index().is_none());
            let found = Index::of(&text);
            let is_kept = text.len() >= 512 && found.is_small();
            assert_eq!(values.index().is_some(), is_kept, "{acts} {added:?}");
            if let Some(index) = values.index() {
                assert_eq!(index.members(), found.members(), "{acts}");
                assert!(index.is_object());
            }
        }
    }
}
