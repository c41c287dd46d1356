use std::fmt;
use std::sync::Arc;

use compact_str::CompactString;

use super::claim::Claim;
use super::data::Data;
use super::entries::{Change, Entries, SHORT};
use super::update::{Replay, Replays, Update};
use super::writer::most_size;
use crate::{Expiry, SignIn, Stamp};

/// A request's changes to its session: a log over a base, and the only "modified" flag there is.
///
/// There is at most one entry a key, because later ones absorb earlier ones. The log can be
/// applied to any base, so a refused write can be repeated without losing either side. Each
/// operation has a stamp, which tells changes that an early save has written from later ones.
#[derive(Clone, Default)]
pub(crate) struct Changes {
    pub(super) stamp: u64,
    pub(super) cleared: Option<u64>,
    pub(super) entries: Entries,
    pub(super) sign_in: Option<(u64, SignIn)>,
    pub(super) cycle: Option<u64>,
    pub(super) reauthentication: Option<(u64, Option<Stamp>)>,
    pub(super) expiry: Option<(u64, Expiry)>,
}

/// One key, as the log sees it.
pub(crate) enum View<'a> {
    /// It has this value now.
    Present(&'a str),
    /// It has none now.
    Absent,
    /// Look into the base.
    Untouched,
}

impl Changes {
    pub(crate) const NONE: Self = Self {
        stamp: 0,
        cleared: None,
        entries: Entries::NONE,
        sign_in: None,
        cycle: None,
        reauthentication: None,
        expiry: None,
    };

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.cleared.is_none()
            && self.entries.is_empty()
            && self.sign_in.is_none()
            && self.cycle.is_none()
            && self.reauthentication.is_none()
            && self.expiry.is_none()
    }

    #[inline]
    pub(crate) fn view(&self, key: &str) -> View<'_> {
        match self.entries.get(key) {
            Some(entry) => entry.change.value().map_or(View::Absent, View::Present),
            None if self.cleared.is_some() => View::Absent,
            None => View::Untouched,
        }
    }

    /// Says whether a value is one that will be computed again on another base.
    #[inline]
    pub(crate) fn computes(&self, key: &str) -> bool {
        let entry = self.entries.get(key);
        entry.is_some_and(|entry| matches!(entry.change, Change::Update(_)))
    }

    /// Logs a value.
    #[inline]
    pub(crate) fn set(&mut self, key: &str, value: CompactString) {
        let change = match self.entries.claim(key) {
            Some(claim) => claim.then(Some(value)),
            None => Change::Set(value),
        };
        self.put(key, change);
    }

    /// Logs a removal.
    pub(crate) fn remove(&mut self, key: &str) {
        let change = match self.entries.claim(key) {
            Some(claim) => claim.then(None),
            None => Change::Remove,
        };
        self.put(key, change);
    }

    /// Logs that the application has got a value and taken it out.
    ///
    /// A value that this log has set is its own anyway.
    pub(crate) fn take(&mut self, key: &str, value: CompactString) {
        let before = match self.entries.get_mut(key).map(|entry| &mut entry.change) {
            Some(Change::Update(update)) => update.take_replays(),
            None if self.cleared.is_none() => Replays::new(),
            _ => return self.remove(key),
        };
        let claim = Claim {
            before,
            told: value,
            or_absent: false,
            then: None,
        };
        self.put(key, Change::Claim(Box::new(claim)));
    }

    /// Logs a default that the application has got in place of an absent value.
    pub(crate) fn propose(&mut self, key: &str, value: CompactString) {
        if self.entries.get(key).is_some() || self.cleared.is_some() {
            return self.set(key, value);
        }
        let claim = Claim {
            before: Replays::new(),
            told: value.clone(),
            or_absent: true,
            then: Some(value),
        };
        self.put(key, Change::Claim(Box::new(claim)));
    }

    /// Says whether the application has taken a value that nobody else may have taken.
    pub(crate) fn takes(&self) -> bool {
        let mut changes = self.entries.iter().map(|entry| &entry.change);
        changes.any(|change| matches!(change, Change::Claim(claim) if !claim.or_absent))
    }

    /// Logs a computation whose result on the present view of a base is `value`.
    ///
    /// On a value that this log has set, the result is as good as set.
    #[inline]
    pub(crate) fn update(&mut self, key: &str, replay: Replay, value: CompactString, base: &Data) {
        let stamp = self.next();
        let change = match self.entries.get_mut(key) {
            Some(entry) => match &mut entry.change {
                Change::Update(update) => {
                    update.then(replay, value, base);
                    entry.stamp = stamp;
                    return;
                }
                Change::Claim(claim) => claim.then(Some(value)),
                Change::Set(_) | Change::Remove => Change::Set(value),
            },
            None if self.cleared.is_some() => Change::Set(value),
            None => Change::Update(Update::new(replay, value, base)),
        };
        self.entries.put(key, change, stamp);
    }

    /// Logs that every value is gone. What the application has taken is its own all the same.
    pub(crate) fn clear(&mut self) {
        let stamp = self.next();
        self.cleared = Some(stamp);
        self.entries.retain(|entry| {
            entry.stamp = stamp;
            let Change::Claim(claim) = &mut entry.change else {
                return false;
            };
            claim.then = None;
            true
        });
    }

    /// Logs that no value of any base stays, nor what was told of one.
    pub(crate) fn disown(&mut self) {
        self.entries.clear();
        self.cleared = Some(self.next());
    }

    pub(crate) fn sign_in(&mut self, sign_in: SignIn) {
        self.sign_in = Some((self.next(), sign_in));
    }

    pub(crate) fn cycle(&mut self) {
        self.cycle = Some(self.next());
    }

    /// Logs that the owner has authenticated again, and the credential's new stamp if there is one.
    pub(crate) fn reauthenticate(&mut self, stamp: Option<Stamp>) {
        let before = self.reauthentication.and_then(|(_, stamp)| stamp);
        self.reauthentication = Some((self.next(), stamp.or(before)));
    }

    pub(crate) fn set_expiry(&mut self, expiry: Expiry) {
        self.expiry = Some((self.next(), expiry));
    }

    pub(crate) fn signed_in(&self) -> Option<&Arc<str>> {
        self.sign_in.as_ref().map(|(_, sign_in)| &sign_in.owner)
    }

    /// Returns all that the sign-in says.
    pub(crate) fn signing_in(&self) -> Option<&SignIn> {
        self.sign_in.as_ref().map(|(_, sign_in)| sign_in)
    }

    /// Returns the credential's stamp that a sign-in or a re-authentication has brought, the later one.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let begun = self.sign_in.as_ref().map_or(0, |(at, _)| *at);
        let renewed = self.reauthentication.filter(|(at, _)| *at > begun);
        let renewed = renewed.and_then(|(_, stamp)| stamp);
        renewed.or_else(|| self.signing_in()?.stamp())
    }

    /// Says whether another owner than the present one signs in; then nothing of the base may stay.
    pub(crate) fn ousts(&self, owner: Option<&Arc<str>>) -> bool {
        matches!((self.signed_in(), owner), (Some(new), Some(present)) if new != present)
    }

    /// Says whether the session's secret is to be rotated.
    #[inline]
    pub(crate) fn rotates(&self) -> bool {
        self.cycle.is_some() || self.reauthenticates()
    }

    #[inline]
    pub(crate) fn reauthenticates(&self) -> bool {
        self.reauthentication.is_some()
    }

    /// Says whether a value was set, computed or removed.
    #[inline]
    pub(crate) fn touches_values(&self) -> bool {
        self.is_cleared() || !self.entries.is_empty()
    }

    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.expiry.map(|(_, expiry)| expiry)
    }

    /// Says whether the base's values are gone.
    #[inline]
    pub(crate) fn is_cleared(&self) -> bool {
        self.cleared.is_some()
    }

    /// Keys that the log gives a value, in the order in which they were first changed.
    pub(crate) fn present(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((&*entry.key, entry.change.value()?)))
    }

    /// Returns a bound of the size of all those, with their names.
    #[inline]
    pub(crate) fn most_size(&self) -> usize {
        let sizes = self.entries.iter().filter_map(|entry| {
            let value = entry.change.size()?;
            Some(most_size(&entry.key, value))
        });
        sizes.sum()
    }

    /// Says whether the log is so short that going through it costs nothing.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.entries.len() <= SHORT
    }

    #[inline]
    fn put(&mut self, key: &str, change: Change) {
        let stamp = self.next();
        self.entries.put(key, change, stamp);
    }

    #[inline]
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
            .field("rotates", &self.rotates())
            .field("expiry", &self.expiry())
            .finish_non_exhaustive()
    }
}
