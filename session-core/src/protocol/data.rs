use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::entries::SHORT;
use crate::port::record::no_values;
use crate::{Event, Key, Policy, Record};

/// The stored values: the text of one JSON object, and where in it each value stands.
///
/// A value is decoded when it is asked for and is written back byte for byte when it is not.
#[derive(Clone)]
pub(crate) struct Data {
    text: Arc<str>,
    members: Vec<Member>,
    /// The members' places in the order of their names; empty if the list is short enough to be looked through.
    sorted: Vec<usize>,
}

#[derive(Clone)]
struct Member {
    key: MemberKey,
    value: Range<usize>,
}

#[derive(Clone)]
enum MemberKey {
    /// Stands in the text as it is.
    Plain(Range<usize>),
    /// Was written with escapes.
    Unescaped(Box<str>),
}

impl Data {
    /// Returns the object without members.
    pub(crate) fn empty() -> Self {
        Self {
            text: no_values(),
            members: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Finds the members of an object; `None` if the text is not one JSON object.
    ///
    /// Of members with the same name the last counts, as in Python.
    pub(crate) fn parse(text: Arc<str>) -> Option<Self> {
        // One allocation for most sessions; a long one grows it.
        let mut members = Vec::with_capacity((text.len() / 12).clamp(1, 16));
        let mut reader = serde_json::Deserializer::from_str(&text);
        reader
            .deserialize_map(Members {
                text: &text,
                found: &mut members,
            })
            .ok()?;
        reader.end().ok()?;
        let sorted = Vec::new();
        let mut data = Self {
            text,
            members,
            sorted,
        };
        data.drop_shadowed();
        Some(data)
    }

    /// Reads a record's values. Corrupt data is an event, not an error.
    pub(crate) fn of_record(policy: &Policy, key: Key, record: &Record) -> Self {
        Self::parse(Arc::clone(&record.data)).unwrap_or_else(|| {
            let session = key.public_id();
            policy.tell(&Event::Corrupt { session });
            Self::empty()
        })
    }

    /// Returns the JSON text of a value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let member = if self.sorted.is_empty() {
            self.members.iter().find(|member| self.key(member) == key)?
        } else {
            let name = |place: &usize| self.key(&self.members[*place]);
            let found = self.sorted.binary_search_by(|place| name(place).cmp(key));
            &self.members[self.sorted[found.ok()?]]
        };
        Some(&self.text[member.value.clone()])
    }

    /// Returns names and JSON texts in the stored order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members
            .iter()
            .map(|member| (self.key(member), &self.text[member.value.clone()]))
    }

    /// Returns the whole object.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn key<'a>(&'a self, member: &'a Member) -> &'a str {
        match &member.key {
            MemberKey::Plain(range) => &self.text[range.clone()],
            MemberKey::Unescaped(key) => key,
        }
    }

    /// Drops all but the last of members with the same name.
    fn drop_shadowed(&mut self) {
        if self.members.len() <= SHORT && !self.has_doubles() {
            return;
        }
        let shadowed = self.sort();
        if !shadowed.is_empty() {
            let mut is_kept = vec![true; self.members.len()];
            for place in shadowed {
                is_kept[place] = false;
            }
            let mut is_kept = is_kept.into_iter();
            self.members.retain(|_| is_kept.next().unwrap_or(true));
            self.sort();
        }
        if self.members.len() <= SHORT {
            self.sorted = Vec::new();
        }
    }

    /// Says whether two of a few members have the same name.
    fn has_doubles(&self) -> bool {
        // Names mostly differ in their length or their last bytes, which are compared at once.
        let mut ends = [0; SHORT];
        self.members.iter().enumerate().any(|(place, member)| {
            let key = self.key(member);
            let end = end_of(key);
            ends[place] = end;
            let mut earlier = ends[..place].iter().zip(&self.members);
            earlier.any(|(other, earlier)| *other == end && self.key(earlier) == key)
        })
    }

    /// Fills `sorted`, and returns the places of members that a later one of their name shadows.
    fn sort(&mut self) -> Vec<usize> {
        let mut sorted: Vec<usize> = (0..self.members.len()).collect();
        let key = |place: usize| self.key(&self.members[place]);
        // Stable: members of one name stay in their order.
        sorted.sort_by(|one, other| key(*one).cmp(key(*other)));
        let neighbours = sorted.windows(2);
        let shadowed = neighbours.filter(|pair| key(pair[0]) == key(pair[1]));
        let shadowed = shadowed.map(|pair| pair[0]).collect();
        self.sorted = sorted;
        shadowed
    }
}

/// Writes a JSON object member by member.
pub(crate) struct Writer(String);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut text = String::with_capacity(bytes + 2);
        text.push('{');
        Self(text)
    }

    pub(crate) fn member(&mut self, key: &str, value: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        if key.bytes().all(is_plain) {
            self.0.push('"');
            self.0.push_str(key);
            self.0.push('"');
        } else {
            // A string always has a JSON form.
            self.0.push_str(&serde_json::Value::from(key).to_string());
        }
        self.0.push(':');
        self.0.push_str(value);
    }

    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Returns the bytes that a value and its name take in an object, with a comma.
pub(crate) fn member_size(key: &str, value: usize) -> usize {
    let escapes = |byte: u8| match byte {
        _ if is_plain(byte) => 0,
        // A letter behind a backslash.
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 1,
        // \u and four digits.
        _ => 5,
    };
    key.len() + key.bytes().map(escapes).sum::<usize>() + value + 4
}

/// Says whether a byte stands in a string as it is.
fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

struct Members<'a> {
    text: &'a str,
    found: &'a mut Vec<Member>,
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed(self.text))? {
            let value: &'de RawValue = map.next_value()?;
            let value = place(self.text, value.get());
            self.found.push(Member { key, value });
        }
        Ok(())
    }
}

struct KeySeed<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = MemberKey;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<MemberKey, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed<'_> {
    type Value = MemberKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<MemberKey, E> {
        Ok(MemberKey::Plain(place(self.0, key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<MemberKey, E> {
        Ok(MemberKey::Unescaped(key.into()))
    }
}

/// Returns the length and the last seven bytes of a name.
fn end_of(key: &str) -> u64 {
    let [length, ..] = key.len().to_le_bytes();
    let mut end = [0; 8];
    end[7] = length;
    for (to, from) in end.iter_mut().zip(key.bytes().rev().take(7)) {
        *to = from;
    }
    u64::from_le_bytes(end)
}

/// Returns where `part`, a slice of `whole`, begins and ends in it.
fn place(whole: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Vec<(String, String)>> {
        Data::parse(Arc::from(text)).map(|data| {
            data.iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        })
    }

    #[test]
    fn values_keep_their_bytes_and_their_order() {
        let text = r#" { "z" : 1.50 ,"a":{"x":[1, 2]}, "u\u00e9":"\ud83d\ude00" } "#;
        let members = parse(text).unwrap();
        let expected = [
            ("z", "1.50"),
            ("a", r#"{"x":[1, 2]}"#),
            ("ué", r#""\ud83d\ude00""#),
        ];
        assert_eq!(members.len(), 3);
        for ((key, value), (want_key, want)) in members.iter().zip(expected) {
            assert_eq!((key.as_str(), value.as_str()), (want_key, want));
        }
    }

    #[test]
    fn of_two_members_with_one_name_the_last_counts() {
        let members = parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(
            members,
            [("b".into(), "2".into()), ("a".into(), "3".into())]
        );
    }

    #[test]
    fn of_each_name_the_last_counts_however_many_there_are() {
        for (total, names) in [(3, 1), (32, 20), (33, 20), (40, 33), (100, 50), (100, 100)] {
            let many: Vec<String> = (0..total)
                .map(|n| format!("\"k{}\":{n}", n % names))
                .collect();
            let data = Data::parse(format!("{{{}}}", many.join(",")).into()).unwrap();
            assert_eq!(data.iter().count(), names);
            let last: Vec<String> = (total - names..total).map(|n| n.to_string()).collect();
            assert!(data.iter().map(|(_, value)| value).eq(&last));
            for n in total - names..total {
                let value = data.get(&format!("k{}", n % names));
                assert_eq!(value, Some(&*n.to_string()), "{total} {names}");
            }
            assert_eq!(data.get("k"), None);
        }
    }

    #[test]
    fn what_is_not_one_object_is_not_data() {
        for bad in [
            "",
            "[]",
            "1",
            "null",
            "{",
            "{}x",
            r#"{"a":}"#,
            r#"{"a":1}{"#,
            "\0",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_the_writer_writes_reads_back() {
        let mut writer = Writer::with_capacity(0);
        for key in ["plain", "quo\"te", "back\\slash", "new\nline", ""] {
            writer.member(key, "true");
        }
        let members = parse(&writer.finish()).unwrap();
        let keys: Vec<&str> = members.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["plain", "quo\"te", "back\\slash", "new\nline", ""]);
    }
}
