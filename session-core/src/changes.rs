use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::data::{Data, Writer};
use crate::{Expiry, ValueError};

/// Computes a value's new JSON text from its present one; run again on every fresh base.
pub(crate) type Replay = Arc<dyn Fn(Option<&str>) -> Result<String, ValueError> + Send + Sync>;

/// What a request did to its session: a log over a base, and the only "modified" flag there is.
///
/// There is at most one entry a key, because later ones absorb earlier ones. The log can be
/// applied to any base, which is what makes a refused write repeatable without losing either
/// side. Each operation has a stamp, so that what an early save wrote can be told from what
/// came after.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    stamp: u64,
    cleared: Option<u64>,
    entries: Vec<Entry>,
    sign_in: Option<(u64, Arc<str>)>,
    cycle: Option<u64>,
    expiry: Option<(u64, Expiry)>,
}

#[derive(Clone)]
struct Entry {
    key: Box<str>,
    change: Change,
    stamp: u64,
}

#[derive(Clone)]
enum Change {
    Set(String),
    Remove,
    /// Closures in their order, and what they make of the present base.
    Update(Vec<Replay>, Option<String>),
}

/// What the log knows of one key.
pub(crate) enum View<'a> {
    /// It has this value now.
    Present(&'a str),
    /// It has none now.
    Absent,
    /// Look into the base.
    Untouched,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.cleared.is_none()
            && self.entries.is_empty()
            && self.sign_in.is_none()
            && self.cycle.is_none()
            && self.expiry.is_none()
    }

    pub(crate) fn view(&self, key: &str) -> View<'_> {
        match self.entries.iter().find(|entry| &*entry.key == key) {
            Some(entry) => match &entry.change {
                Change::Set(value) | Change::Update(_, Some(value)) => View::Present(value),
                Change::Remove | Change::Update(_, None) => View::Absent,
            },
            None if self.cleared.is_some() => View::Absent,
            None => View::Untouched,
        }
    }

    /// Logs a value.
    pub(crate) fn set(&mut self, key: &str, value: String) {
        self.put(key, Change::Set(value));
    }

    /// Logs a removal.
    pub(crate) fn remove(&mut self, key: &str) {
        self.put(key, Change::Remove);
    }

    /// Logs a computation whose result on the present view is `value`.
    ///
    /// On a value that this log has set, the result is as good as set.
    pub(crate) fn update(&mut self, key: &str, replay: Replay, value: String) {
        let place = self.entries.iter().position(|entry| &*entry.key == key);
        let change = match place.map(|at| &mut self.entries[at].change) {
            Some(Change::Update(replays, _)) => {
                let mut all = std::mem::take(replays);
                all.push(replay);
                Change::Update(all, Some(value))
            }
            Some(Change::Set(_) | Change::Remove) => Change::Set(value),
            None if self.cleared.is_some() => Change::Set(value),
            None => Change::Update(vec![replay], Some(value)),
        };
        self.put(key, change);
    }

    /// Logs that every value is gone.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.cleared = Some(self.next());
    }

    pub(crate) fn sign_in(&mut self, owner: Arc<str>) {
        self.sign_in = Some((self.next(), owner));
    }

    pub(crate) fn cycle(&mut self) {
        self.cycle = Some(self.next());
    }

    /// Forgets that the session gets a new id, because it has just got one.
    pub(crate) fn uncycle(&mut self) {
        self.cycle = None;
    }

    pub(crate) fn set_expiry(&mut self, expiry: Expiry) {
        self.expiry = Some((self.next(), expiry));
    }

    pub(crate) fn signed_in(&self) -> Option<&Arc<str>> {
        self.sign_in.as_ref().map(|(_, owner)| owner)
    }

    /// Says whether somebody else than `owner` signs in, so that nothing of the base may stay.
    pub(crate) fn ousts(&self, owner: Option<&Arc<str>>) -> bool {
        matches!((self.signed_in(), owner), (Some(new), Some(present)) if new != present)
    }

    /// Says whether the session gets a new id.
    pub(crate) fn renews_id(&self) -> bool {
        self.cycle.is_some() || self.sign_in.is_some()
    }

    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.expiry.map(|(_, expiry)| expiry)
    }

    /// Says whether the base's values are gone.
    pub(crate) fn is_cleared(&self) -> bool {
        self.cleared.is_some()
    }

    /// Keys that the log gives a value, in the order in which they were first changed.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().filter_map(|entry| match &entry.change {
            Change::Set(value) | Change::Update(_, Some(value)) => Some((&*entry.key, &**value)),
            Change::Remove | Change::Update(_, None) => None,
        })
    }

    /// Computes the values that the log makes of a base: what it does not touch stays, byte for byte.
    pub(crate) fn apply(&self, base: &Data) -> Result<String, ValueError> {
        let mut text = Writer::with_capacity(base.text().len() + self.entries.len() * 32);
        if !self.is_cleared() {
            for (key, value) in base.iter() {
                match self.entries.iter().find(|entry| &*entry.key == key) {
                    None => text.member(key, value),
                    Some(entry) => {
                        if let Some(value) = entry.change.apply(Some(value))? {
                            text.member(key, &value);
                        }
                    }
                }
            }
        }
        for entry in &self.entries {
            if (self.is_cleared() || base.get(&entry.key).is_none())
                && let Some(value) = entry.change.apply(None)?
            {
                text.member(&entry.key, &value);
            }
        }
        Ok(text.finish())
    }

    /// Says whether nothing was logged since `saved`, so that no closure is left to run.
    pub(crate) fn is_no_later_than(&self, saved: &Self) -> bool {
        self.stamp == saved.stamp
    }

    /// Forgets what `saved`, an earlier state of this log, has brought into the new base.
    pub(crate) fn forget(&mut self, saved: &Self, base: &Data) {
        let same = |mine: Option<u64>, theirs: Option<u64>| mine.is_some() && mine == theirs;
        if same(self.cleared, saved.cleared) {
            self.cleared = None;
        }
        if same(self.cycle, saved.cycle) {
            self.cycle = None;
        }
        if same(
            stamp_of(self.sign_in.as_ref()),
            stamp_of(saved.sign_in.as_ref()),
        ) {
            self.sign_in = None;
        }
        if same(
            stamp_of(self.expiry.as_ref()),
            stamp_of(saved.expiry.as_ref()),
        ) {
            self.expiry = None;
        }
        for old in &saved.entries {
            self.entries
                .retain(|entry| entry.key != old.key || entry.stamp != old.stamp);
            let newer = self.entries.iter_mut().find(|entry| entry.key == old.key);
            if let Some(Change::Update(replays, _)) = newer.map(|entry| &mut entry.change)
                && let Change::Update(done, _) = &old.change
            {
                replays.drain(..done.len().min(replays.len()));
            }
        }
        self.compute(base);
    }

    /// Computes the updates' results on a new base; one that fails shows no value until the commit reports it.
    fn compute(&mut self, base: &Data) {
        let cleared = self.is_cleared();
        for entry in &mut self.entries {
            let old = if cleared { None } else { base.get(&entry.key) };
            if !matches!(entry.change, Change::Update(..)) {
                continue;
            }
            let new = entry
                .change
                .apply(old)
                .unwrap_or_default()
                .map(Cow::into_owned);
            if let Change::Update(_, value) = &mut entry.change {
                *value = new;
            }
        }
    }

    fn put(&mut self, key: &str, change: Change) {
        let stamp = self.next();
        match self.entries.iter_mut().find(|entry| &*entry.key == key) {
            Some(entry) => {
                entry.change = change;
                entry.stamp = stamp;
            }
            None => self.entries.push(Entry {
                key: key.into(),
                change,
                stamp,
            }),
        }
    }

    fn next(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("cleared", &self.is_cleared())
            .field("entries", &self.entries.len())
            .field("signs_in", &self.sign_in.is_some())
            .field("cycles", &self.cycle.is_some())
            .field("expiry", &self.expiry())
            .finish_non_exhaustive()
    }
}

impl Change {
    fn apply(&self, old: Option<&str>) -> Result<Option<Cow<'_, str>>, ValueError> {
        match self {
            Self::Set(value) => Ok(Some(value.into())),
            Self::Remove => Ok(None),
            Self::Update(replays, _) => {
                let mut value = old.map(str::to_owned);
                for replay in replays {
                    value = Some(replay(value.as_deref())?);
                }
                Ok(value.map(Into::into))
            }
        }
    }
}

fn stamp_of<T>(stamped: Option<&(u64, T)>) -> Option<u64> {
    stamped.map(|(stamp, _)| *stamp)
}
