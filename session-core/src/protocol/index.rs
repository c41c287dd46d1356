use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use smallvec::SmallVec;

use super::entries::SHORT;
use super::scan::{self, Span};

/// Where the members of a JSON object stand in its text.
pub(super) struct Index {
    /// In the stored order.
    members: SmallVec<[Member; FEW]>,
    /// Names that are written with escapes, by their places in the text.
    escaped: Vec<(u32, Option<Box<str>>)>,
    /// How many names were looked for.
    searches: AtomicU32,
    /// The members' places in the order of their names, if many were looked for.
    sorted: OnceLock<Vec<u32>>,
}

/// A member of the object: its places in the text. No text has four gigabytes.
#[derive(Clone, Copy)]
pub(crate) struct Member {
    name: [u32; 2],
    value: [u32; 2],
}

impl Index {
    /// That of an object without members.
    pub(super) const fn none() -> Self {
        Self {
            members: SmallVec::new_const(),
            escaped: Vec::new(),
            searches: AtomicU32::new(0),
            sorted: OnceLock::new(),
        }
    }

    /// Finds an object's members, and says whether the text is one; if not, some may have been found.
    pub(super) fn find(&mut self, text: &str) -> bool {
        if u32::try_from(text.len()).is_err() {
            return false;
        }
        let found = scan::members(text, |span| {
            let member = Member::of(&span);
            self.members.push(member);
            if span.is_escaped {
                let name = serde_json::from_str(&text[span.name]).ok();
                self.escaped.push((member.name[0], name));
            }
        });
        found.is_some()
    }

    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns a member's name; `None` if no string has it, as half of a surrogate pair.
    #[inline]
    pub(super) fn name<'a>(&'a self, text: &'a str, member: &Member) -> Option<&'a str> {
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
    pub(super) fn place(&self, text: &str, name: &str) -> Option<usize> {
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
    pub(super) fn last(&self, text: &str, name: &str, before: usize) -> Option<usize> {
        let mut members = self.members()[..before].iter();
        if self.escaped.is_empty() {
            return members.rposition(|member| member.spells(text, name));
        }
        members.rposition(|member| self.name(text, member) == Some(name))
    }
}

impl Member {
    #[allow(clippy::cast_possible_truncation, reason = "the text's length fits")]
    fn of(span: &Span) -> Self {
        let places = |range: &Range<usize>| [range.start as u32, range.end as u32];
        Self {
            name: places(&span.name),
            value: places(&span.value),
        }
    }

    /// Says whether the name stands there as it is, without escapes.
    #[inline]
    fn spells(&self, text: &str, name: &str) -> bool {
        let Range { start, end } = range(self.name);
        end - start == name.len() + 2 && text.as_bytes()[start + 1..end - 1] == *name.as_bytes()
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

/// After so many searches in many members they are sorted.
const SEARCHES: u32 = 16;
