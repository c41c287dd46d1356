use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use super::scan::{self, Span};

/// Where the members of a JSON object stand in its text.
pub(crate) struct Index {
    /// In the stored order.
    members: SmallVec<[Member; FEW]>,
    /// Names that are written with escapes, by their places in the text.
    escaped: Vec<(u32, Option<Box<str>>)>,
    /// How many names were looked for.
    searches: AtomicU32,
    /// The members' places in the order of their names, if many were looked for.
    sorted: OnceLock<Vec<u32>>,
    is_object: bool,
}

/// A member of the object: its places in the text. No text has four gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    name: [u32; 2],
    value: [u32; 2],
}

impl Index {
    /// That of an object without members.
    pub(crate) const fn none() -> Self {
        Self {
            members: SmallVec::new_const(),
            escaped: Vec::new(),
            searches: AtomicU32::new(0),
            sorted: OnceLock::new(),
            is_object: true,
        }
    }

    /// Adds a member whose name has no escapes.
    pub(crate) fn add(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Adds members of another text, whose names have no escapes: they were copied from `start` on together with
    /// what is around them.
    pub(crate) fn add_copied(&mut self, members: &[Member], start: usize, to: usize) {
        if start == to {
            self.members.extend_from_slice(members);
        } else {
            let copied = members.iter().map(|member| member.copied(start, to));
            self.members.extend(copied);
        }
    }

    /// Finds the members of a text; there are none in one that is no object.
    pub(crate) fn of(text: &str) -> Self {
        let mut index = Self::none();
        index.is_object = u32::try_from(text.len()).is_ok() && index.find(text).is_some();
        if !index.is_object {
            index.members.clear();
            index.escaped.clear();
        }
        index
    }

    fn find(&mut self, text: &str) -> Option<()> {
        scan::members(text, |span| {
            let member = Member::of(&span);
            self.members.push(member);
            if span.is_escaped {
                let name = serde_json::from_str(&text[span.name]).ok();
                self.escaped.push((member.name[0], name));
            }
        })
    }

    /// Says whether the text is an object.
    pub(crate) fn is_object(&self) -> bool {
        self.is_object
    }

    /// Says whether it owns no memory.
    pub(crate) fn is_small(&self) -> bool {
        !self.members.spilled() && self.escaped.capacity() == 0
    }

    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns a member's name; `None` if no string has it, as half of a surrogate pair.
    #[inline]
    pub(crate) fn name<'a>(&'a self, text: &'a str, member: &Member) -> Option<&'a str> {
        if !self.escaped.is_empty() {
            let name = |(place, _): &(u32, _)| *place;
            if let Ok(place) = self.escaped.binary_search_by_key(&member.name[0], name) {
                return self.escaped[place].1.as_deref();
            }
        }
        let Range { start, end } = range(member.name);
        Some(&text[start + 1..end - 1])
    }

    /// Returns the place of the last member of a name, which is the one that counts.
    pub(crate) fn place(&self, text: &str, name: &str) -> Option<usize> {
        let members = self.members();
        if members.len() <= SHORT || self.is_little_used() {
            return self.last(text, name, members.len());
        }
        let name_at = |place: &u32| self.name(text, &members[*place as usize]);
        let sorted = self.sorted.get_or_init(|| {
            let mut sorted: Vec<u32> = (0..).take(members.len()).collect();
            // Stable: members of one name stay in their order.
            sorted.sort_by_key(name_at);
            sorted
        });
        let end = sorted.partition_point(|place| name_at(place) <= Some(name));
        let last = sorted.get(end.checked_sub(1)?)?;
        (name_at(last) == Some(name)).then_some(*last as usize)
    }

    /// To sort all names takes as long as some searches.
    fn is_little_used(&self) -> bool {
        self.searches.fetch_add(1, Ordering::Relaxed) < SEARCHES
    }

    /// Returns the place of the last member of a name before another place.
    #[inline]
    pub(crate) fn last(&self, text: &str, name: &str, before: usize) -> Option<usize> {
        let mut members = self.members()[..before].iter();
        if self.escaped.is_empty() {
            return members.rposition(|member| member.spells(text, name));
        }
        members.rposition(|member| self.name(text, member) == Some(name))
    }
}

impl Member {
    fn of(span: &Span) -> Self {
        Self::at(span.name.clone(), span.value.clone())
    }

    #[allow(clippy::cast_possible_truncation, reason = "the text's length fits")]
    pub(crate) fn at(name: Range<usize>, value: Range<usize>) -> Self {
        let places = |range: Range<usize>| [range.start as u32, range.end as u32];
        Self {
            name: places(name),
            value: places(value),
        }
    }

    /// The same member in another text, to which it was copied from `start` on together with what is around it.
    #[allow(clippy::cast_possible_truncation, reason = "the text's length fits")]
    pub(crate) fn copied(&self, start: usize, to: usize) -> Self {
        let copied = |place: u32| place.wrapping_add(to as u32).wrapping_sub(start as u32);
        Self {
            name: self.name.map(copied),
            value: self.value.map(copied),
        }
    }

    /// The same name with a value that stands elsewhere.
    pub(crate) fn with_value(&self, value: Range<usize>) -> Self {
        Self {
            name: self.name,
            ..Self::at(0..0, value)
        }
    }

    /// Says whether the name stands there as it is, without escapes.
    #[inline]
    fn spells(&self, text: &str, name: &str) -> bool {
        let Range { start, end } = range(self.name);
        let (text, name) = (text.as_bytes(), name.as_bytes());
        // Names of one length often differ in their ends alone, as `key1` and `key2`.
        end - start == name.len() + 2
            && name.last().is_none_or(|last| text[end - 2] == *last)
            && text[start + 1..end - 1] == *name
    }

    /// Returns where the member stands, from its name to its value.
    pub(crate) fn range(&self) -> Range<usize> {
        range([self.name[0], self.value[1]])
    }

    /// Returns where its value stands.
    pub(crate) fn value(&self) -> Range<usize> {
        range(self.value)
    }
}

fn range([start, end]: [u32; 2]) -> Range<usize> {
    start as usize..end as usize
}

/// The number of members of most sessions.
const FEW: usize = 12;

/// The number of members up to which nothing is faster than to look at each.
const SHORT: usize = 32;

/// After so many searches in many members they are sorted.
const SEARCHES: u32 = 16;
