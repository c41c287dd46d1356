use std::borrow::Cow;
use std::collections::HashMap;

use compact_str::CompactString;
use smallvec::SmallVec;

use super::claim::{Claim, Unfit};
use super::data::Data;
use super::update::{Update, skip};
use crate::SessionError;

/// The changes to single values: at most one entry a key, in the order of the first change.
#[derive(Clone, Default)]
pub(crate) struct Entries {
    list: SmallVec<[Entry; 1]>,
    /// The index of each key, for a list that is too long to be searched.
    places: Option<HashMap<CompactString, usize>>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) key: CompactString,
    pub(crate) change: Change,
    pub(crate) stamp: u64,
}

#[derive(Clone)]
pub(crate) enum Change {
    Set(CompactString),
    Remove,
    Update(Update),
    /// A value that the application was told is its own, which holds on one base only.
    Claim(Box<Claim>),
}

impl Entries {
    pub(crate) const NONE: Self = Self {
        list: SmallVec::new_const(),
        places: None,
    };

    pub(crate) fn put(&mut self, key: &str, change: Change, stamp: u64) {
        if let Some(entry) = self.get_mut(key) {
            entry.change = change;
            entry.stamp = stamp;
            return;
        }
        let key = CompactString::from(key);
        if let Some(places) = &mut self.places {
            places.insert(key.clone(), self.list.len());
        }
        self.list.push(Entry { key, change, stamp });
        if self.places.is_none() {
            self.find_places();
        }
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        let place = self.place(key)?;
        self.list.get_mut(place)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.list.iter_mut()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps the entries that pass the test, which may change them.
    pub(crate) fn retain(&mut self, test: impl FnMut(&mut Entry) -> bool) {
        self.list.retain(test);
        self.find_places();
    }

    /// Returns the claim on a key.
    #[inline]
    pub(crate) fn claim(&self, key: &str) -> Option<&Claim> {
        match &self.get(key)?.change {
            Change::Claim(claim) => Some(claim),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.list.get(self.place(key)?)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.list.iter()
    }

    /// Returns the entry if there is only one.
    #[inline]
    pub(crate) fn only(&self) -> Option<&Entry> {
        match &*self.list {
            [only] => Some(only),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    #[inline]
    fn place(&self, key: &str) -> Option<usize> {
        if self.list.is_empty() {
            return None;
        }
        self.search(key)
    }

    fn search(&self, key: &str) -> Option<usize> {
        if let Some(places) = &self.places {
            return places.get(key).copied();
        }
        let key = key.as_bytes();
        self.list
            .iter()
            .position(|entry| entry.key.as_bytes() == key)
    }

    #[inline]
    fn find_places(&mut self) {
        self.places = (self.list.len() > SHORT).then(|| {
            let keys = self.list.iter().map(|entry| entry.key.clone());
            keys.zip(0..).collect()
        });
    }
}

impl Entry {
    /// Applies the change to a base that has `old` under its key.
    #[inline]
    pub(crate) fn apply(
        &self,
        old: Option<&str>,
        base: &Data,
    ) -> Result<Option<Cow<'_, str>>, SessionError> {
        self.fit(old, base).map_err(|unfit| match unfit {
            Unfit::Conflict => SessionError::Conflict {
                key: (*self.key).into(),
            },
            Unfit::Value(error) => error.into(),
        })
    }

    /// The same; `None` is no value.
    #[inline]
    pub(crate) fn fit(
        &self,
        old: Option<&str>,
        base: &Data,
    ) -> Result<Option<Cow<'_, str>>, Unfit> {
        match &self.change {
            Change::Set(value) => Ok(Some(Cow::Borrowed(value))),
            Change::Remove => Ok(None),
            Change::Update(update) => Ok(update.apply(&self.key, old, base)?),
            Change::Claim(claim) => claim.apply(&self.key, old),
        }
    }
}

impl Change {
    /// Goes on from the base that `saved`, an earlier state of this change, has brought about.
    pub(crate) fn follow(&mut self, saved: &Self) {
        match (&mut *self, saved) {
            (Self::Update(update), Self::Update(done)) => update.follow(done),
            (Self::Claim(claim), Self::Update(done)) => {
                skip(&mut claim.before, done.replays().len());
            }
            (Self::Claim(claim), Self::Claim(saved)) => *self = claim.after(saved),
            _ => {}
        }
    }

    /// Returns the size of that result.
    pub(crate) fn size(&self) -> Option<usize> {
        match self {
            Self::Set(value) => Some(value.len()),
            Self::Update(update) => update.size(),
            Self::Claim(claim) => claim.then.as_ref().map(CompactString::len),
            Self::Remove => None,
        }
    }

    /// Returns the change's result on the present base.
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Set(value) => Some(value),
            Self::Update(update) => update.value(),
            Self::Claim(claim) => claim.then.as_deref(),
            Self::Remove => None,
        }
    }
}

/// Up to this many names are looked through one by one, which is faster than any table.
pub(crate) const SHORT: usize = 32;
