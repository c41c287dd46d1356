use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use super::index::{Index, Member};
use crate::{Event, Key, Policy, Record};

/// The stored values: the text of one JSON object, and where in it each value stands.
///
/// The text is looked through when something is first asked for. A value is decoded when it is asked for, and
/// is written back byte for byte when it is not.
#[derive(Default)]
pub(crate) struct Data {
    /// `None` is an object without members.
    text: Option<Arc<str>>,
    index: OnceLock<Index>,
    /// The one to tell if the text is corrupt, and the session that has it.
    witness: Option<(Arc<Policy>, Key)>,
}

/// A part of a shared text.
pub(crate) struct Part {
    text: Arc<str>,
    range: Range<usize>,
}

impl Data {
    /// Takes the text of an object; what is none has no members.
    pub(crate) fn new(text: Arc<str>) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }

    /// Takes a record's values. Corrupt data is an event once something is asked for, not an error.
    pub(crate) fn of_record(policy: &Arc<Policy>, key: Key, record: &Record) -> Self {
        Self {
            witness: Some((Arc::clone(policy), key)),
            ..Self::new(Arc::clone(&record.data))
        }
    }

    /// Takes the values together with what is known about them, and leaves the text.
    pub(crate) fn take(&mut self) -> Self {
        let left = self.clone();
        std::mem::replace(self, left)
    }

    /// Returns the JSON text of a value. Of members with the same name the last counts, as in Python.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let place = self.place(key)?;
        Some(self.value(self.members().get(place)?))
    }

    /// Returns names and JSON texts in the stored order, of those members that count.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let members = self.members().iter().enumerate();
        members.filter_map(|(place, member)| {
            let key = self.key(member)?;
            (self.place(key) == Some(place)).then(|| (key, self.value(member)))
        })
    }

    /// Returns how many values a clear removes: also those that have no name for handlers.
    pub(crate) fn count(&self) -> usize {
        let nameless = |member: &&Member| self.key(member).is_none();
        self.iter().count() + self.members().iter().filter(nameless).count()
    }

    /// Returns the whole text.
    pub(crate) fn text(&self) -> &str {
        self.text.as_deref().unwrap_or("{}")
    }

    /// Returns the whole text as it is shared; `None` if there is none.
    pub(crate) fn shared(&self) -> Option<&Arc<str>> {
        self.text.as_ref()
    }

    /// Returns the JSON text of a value in the shared one.
    pub(crate) fn shared_value(&self, key: &str) -> Option<Part> {
        let member = self.members().get(self.place(key)?)?;
        let text = Arc::clone(self.text.as_ref()?);
        Some(Part {
            text,
            range: member.value(),
        })
    }

    /// Returns every member in the stored order, also those that a later one of their name hides.
    pub(crate) fn members(&self) -> &[Member] {
        self.index().members()
    }

    /// Returns the place of the member that counts under a name.
    pub(crate) fn place(&self, key: &str) -> Option<usize> {
        self.index().place(self.text(), key)
    }

    /// Returns a member's name; `None` if no string has it.
    pub(crate) fn key<'a>(&'a self, member: &'a Member) -> Option<&'a str> {
        self.index().name(self.text(), member)
    }

    /// Says whether the member of a name at a place hides earlier ones.
    pub(crate) fn hides(&self, name: &str, place: usize) -> bool {
        self.index().last(self.text(), name, place).is_some()
    }

    pub(crate) fn value(&self, member: &Member) -> &str {
        &self.text()[member.value()]
    }

    fn index(&self) -> &Index {
        static NONE: Index = Index::none();
        let Some(text) = &self.text else {
            return &NONE;
        };
        self.index.get_or_init(|| {
            let mut index = Index::none();
            if !index.find(text) {
                index = Index::none();
                if let Some((policy, key)) = &self.witness {
                    let session = key.public_id();
                    policy.tell(&Event::Corrupt { session });
                }
            }
            index
        })
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text[self.range.clone()]
    }
}

/// Without what is known about the text, which is found again when it is asked for.
impl Clone for Data {
    fn clone(&self) -> Self {
        Self {
            text: self.text.clone(),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.text().len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(text: &str) -> Vec<(String, String)> {
        let data = Data::new(Arc::from(text));
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        data.iter().map(owned).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn names_are_read_and_values_keep_their_bytes() {
        for (text, expected) in [
            (
                r#" { "z" : 1.50 ,"a":{"x":[1, 2]}, "u\u00e9":"\ud83d\ude00" } "#,
                &[
                    ("z", "1.50"),
                    ("a", r#"{"x":[1, 2]}"#),
                    ("ué", r#""\ud83d\ude00""#),
                ][..],
            ),
            (r#"{"a":1,"b":2,"a":3}"#, &[("b", "2"), ("a", "3")]),
            (r#"{"a":1,"\u0061":2}"#, &[("a", "2")]),
            (r#"{"\ud800":1,"a":NaN,"\x":2}"#, &[("a", "NaN")]),
            ("{}", &[]),
            ("{oops", &[]),
        ] {
            assert_eq!(members(text), pairs(expected), "{text}");
        }
    }

    #[test]
    fn what_no_handler_can_name_counts_all_the_same() {
        let data = Data::new(r#"{"\ud800":1,"\ud800":2,"a":1,"a":2}"#.into());
        assert_eq!((data.iter().count(), data.count()), (1, 3));
        assert_eq!(data.get("\\ud800"), None);
    }

    #[test]
    fn of_each_name_the_last_counts_however_many_there_are() {
        for (total, names) in [(3, 1), (32, 20), (33, 20), (40, 33), (100, 50), (100, 100)] {
            let many: Vec<String> = (0..total)
                .map(|n| format!("\"k{}\":{n}", n % names))
                .collect();
            let data = Data::new(format!("{{{}}}", many.join(",")).into());
            assert_eq!(data.iter().count(), names);
            let last: Vec<String> = (total - names..total).map(|n| n.to_string()).collect();
            assert!(data.iter().map(|(_, value)| value).eq(&last));
            for n in total - names..total {
                let value = data.get(&format!("k{}", n % names));
                assert_eq!(value, Some(&*n.to_string()), "{total} {names}");
            }
            assert_eq!(data.get("k"), None);
            assert_eq!(data.get(""), None);
            assert_eq!(data.get("z"), None);
        }
    }

    #[test]
    fn what_was_taken_leaves_the_values_readable() {
        let mut data = Data::new(r#"{"a":1}"#.into());
        assert_eq!(data.get("a"), Some("1"));
        assert_eq!(data.take().get("a"), Some("1"));
        assert_eq!(data.get("a"), Some("1"));
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,40}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::hash_map(".{0,9}", inner, 0..5)
                    .prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_valid_object_has_the_members_that_serde_finds(
            members in prop::collection::hash_map(".{0,20}", json(), 0..50),
            is_pretty: bool,
        ) {
            let object: serde_json::Map<_, _> = members.into_iter().collect();
            let write = if is_pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let data = Data::new(write(&object).unwrap().into());
            prop_assert_eq!(data.iter().count(), object.len());
            for (key, value) in &object {
                let found: serde_json::Value = serde_json::from_str(data.get(key).unwrap()).unwrap();
                prop_assert_eq!(&found, value);
            }
        }

        #[test]
        fn what_serde_takes_for_an_object_is_one(text in r#"[{\[ ]{0,2}(["]k["]:|[0-9a-z\\\]}{,:"\[ ]){0,20}[}\]]{0,2}"#) {
            let is_object = serde_json::from_str::<serde_json::Map<_, _>>(&text).is_ok();
            prop_assert!(!is_object || Index::none().find(&text));
        }
    }
}
