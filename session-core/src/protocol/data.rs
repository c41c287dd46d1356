use std::fmt;
use std::ops::{Deref, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::port::index::{Index, Member};
use crate::{Event, EventKind, Key, Policy, Record, Values};

/// The stored values: the text of one JSON object, and where in it each value stands.
///
/// The text is looked through when something is first asked for. A value is decoded when it is asked for, and
/// is written back byte for byte when it is not.
#[derive(Default)]
pub(crate) struct Data {
    /// `None` is an object without members.
    values: Option<Values>,
    /// That of values without an index of their own.
    index: OnceLock<Box<Index>>,
    witness: Option<Witness>,
    /// A look at the text has found that it is none of an object.
    is_corrupt: AtomicBool,
    is_told: AtomicBool,
}

/// The one to tell if a text is corrupt, and the session that has it.
#[derive(Clone)]
pub(crate) struct Witness {
    policy: Arc<Policy>,
    key: Key,
    owner: Option<Arc<str>>,
}

/// A part of a shared text.
pub(crate) struct Part {
    values: Values,
    range: Range<usize>,
}

impl Data {
    /// Takes an object; what is none has no members.
    pub(crate) fn new(values: Values) -> Self {
        Self {
            values: Some(values),
            ..Self::default()
        }
    }

    /// Takes a record's values. Corrupt data is an event once something is asked for, not an error: those of a session's
    /// state when its lock [opens](super::locked::Locked), others when their owner [tells](Self::tell) of it.
    pub(crate) fn of_record(policy: &Arc<Policy>, key: Key, record: &Record) -> Self {
        let witness = Witness {
            policy: Arc::clone(policy),
            key,
            owner: record.owner.clone(),
        };
        Self {
            witness: Some(witness),
            ..Self::new(record.data.clone())
        }
    }

    /// The same for a record that was loaded again, of which nothing is told that was told before.
    pub(crate) fn again(&self, policy: &Arc<Policy>, key: Key, record: &Record) -> Self {
        Self {
            is_told: AtomicBool::new(self.is_told.load(Ordering::Relaxed)),
            ..Self::of_record(policy, key, record)
        }
    }

    /// Takes the values together with what is known about them, and leaves the text.
    pub(crate) fn take(&mut self) -> Self {
        let left = self.clone();
        std::mem::replace(self, left)
    }

    /// Leaves no member, but what is still to be told.
    pub(crate) fn clear(&mut self) {
        self.values = None;
        self.index = OnceLock::new();
    }

    /// Returns the JSON text of a value. Of members with the same name the last counts, as in Python.
    #[inline]
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
    #[inline]
    pub(crate) fn text(&self) -> &str {
        self.values.as_deref().unwrap_or("{}")
    }

    /// Returns the whole as it is shared; `None` if there is nothing.
    #[inline]
    pub(crate) fn values(&self) -> Option<&Values> {
        self.values.as_ref()
    }

    /// Says whether all who share the text share what is known about it.
    #[inline]
    pub(crate) fn is_indexed(&self) -> bool {
        self.values.as_ref().and_then(Values::index).is_some()
    }

    /// Returns the JSON text of a value in the shared one.
    pub(crate) fn shared_value(&self, key: &str) -> Option<Part> {
        let member = self.members().get(self.place(key)?)?;
        Some(Part {
            values: self.values.clone()?,
            range: member.value(),
        })
    }

    /// Returns every member in the stored order, also those that a later one of their name hides.
    #[inline]
    pub(crate) fn members(&self) -> &[Member] {
        self.index().members()
    }

    /// Returns the place of the member that counts under a name.
    #[inline]
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

    #[inline]
    pub(crate) fn value(&self, member: &Member) -> &str {
        &self.text()[member.value()]
    }

    #[inline]
    fn index(&self) -> &Index {
        static NONE: Index = Index::none();
        let Some(values) = &self.values else {
            return &NONE;
        };
        let own = || &**self.index.get_or_init(|| Box::new(Index::of(values)));
        let index = values.index().unwrap_or_else(own);
        if !index.is_object() {
            self.is_corrupt.store(true, Ordering::Relaxed);
        }
        index
    }

    /// Says whether the text was looked at, and is corrupt.
    #[inline]
    pub(crate) fn is_corrupt(&self) -> bool {
        self.is_corrupt.load(Ordering::Relaxed)
    }

    /// Returns whom to tell, once; for those who can't do so at once.
    #[cold]
    pub(crate) fn untold(&self) -> Option<Witness> {
        let witness = self.witness.as_ref()?;
        (!self.is_told.swap(true, Ordering::Relaxed)).then(|| witness.clone())
    }

    /// Tells of a corrupt text that was looked at. The caller has no lock, because observers are foreign.
    #[inline]
    pub(crate) fn tell(&self) {
        if self.is_corrupt()
            && let Some(witness) = self.untold()
        {
            witness.tell();
        }
    }
}

impl Witness {
    #[cold]
    pub(crate) fn tell(&self) {
        let event = Event::new(EventKind::Corrupt, self.policy.now()).of(self.key.public_id());
        self.policy.tell(event.owned_by(self.owner.as_deref()));
    }
}

impl Deref for Part {
    type Target = str;

    fn deref(&self) -> &str {
        &self.values[self.range.clone()]
    }
}

/// Without what is known about the text, which is found again when it is asked for.
impl Clone for Data {
    fn clone(&self) -> Self {
        Self {
            values: self.values.clone(),
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

    #[inline]
    fn members(text: &str) -> Vec<(String, String)> {
        let data = Data::new(text.into());
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
            prop_assert!(!is_object || Index::of(&text).is_object());
        }
    }
}
