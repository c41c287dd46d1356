use std::ops::Range;

use super::data::Data;
use super::draft::Draft;

/// Writes a JSON object, of which most stands in another one: its members are kept with the bytes that they
/// have, unless something else is said.
pub(crate) struct Writer<'a> {
    base: &'a Data,
    text: Draft,
    /// The place of the first member of the base that is still to be written.
    next: usize,
}

impl<'a> Writer<'a> {
    /// Begins an object that takes about so many bytes more than the base.
    pub(crate) fn new(base: &'a Data, more: usize) -> Self {
        let mut text = Draft::with_capacity(base.text().len() + more);
        text.push('{');
        Self {
            base,
            text,
            next: 0,
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
        let members = self.base.members();
        self.keep(members[self.next].range().start..members[place].value().start);
        self.next = place + 1;
        self.text.push_str(value);
    }

    /// Adds a member.
    pub(crate) fn add(&mut self, key: &str, value: &str) {
        self.keep_until(self.base.members().len());
        self.separate();
        if key.bytes().all(is_plain) {
            self.text.push('"');
            self.text.push_str(key);
            self.text.push('"');
        } else {
            // A string always has a JSON form.
            self.text
                .push_str(&serde_json::Value::from(key).to_string());
        }
        self.text.push(':');
        self.text.push_str(value);
    }

    pub(crate) fn finish(mut self) -> Draft {
        self.keep_until(self.base.members().len());
        self.text.push('}');
        self.text
    }

    /// Copies the members before a place that are still to be written; neighbours together.
    fn keep_until(&mut self, place: usize) {
        if self.next < place {
            let members = self.base.members();
            self.keep(members[self.next].range().start..members[place - 1].range().end);
            self.next = place;
        }
    }

    fn keep(&mut self, part: Range<usize>) {
        self.separate();
        self.text.push_str(&self.base.text()[part]);
    }

    fn separate(&mut self) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
    }
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
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let text = writer.finish();
        assert_eq!(
            text.len() - 1,
            names
                .map(|name| member_size(name.as_bytes(), 4))
                .iter()
                .sum::<usize>()
        );
        let data = Data::new(text.into());
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
}
