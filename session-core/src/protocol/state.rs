use std::ops::Deref;
use std::sync::Arc;

use compact_str::CompactString;

use super::activity::Activity;
use super::changes::View;
use super::credential::Outdated;
use super::data::{self, Data};
use super::json::is_same;
use super::log::Log;
use super::pending::{Condition, Creates, PendingDelete, Writes};
use super::standing::Stored;
use super::update::Replay;
use super::writer::{member_size, most_size};
use crate::http::reply::{CookieChange, Loss};
use crate::{Expiry, Id, Policy, SessionError};

/// A session at one moment: a base, and the log of changes to it.
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct State {
    pub(crate) base: Option<Arc<Stored>>,
    pub(crate) data: Data,
    pub(crate) changes: Log,
    /// Records that a commit has still to delete.
    pub(crate) pending_deletes: Vec<PendingDelete>,
    /// Further ids that the browser presented under the cookie's name.
    pub(crate) others: Vec<Id>,
    /// The response has begun.
    pub(crate) is_finished: bool,
    /// The browser presented a secret that was rotated a while ago: it has another one by now, which
    /// a new session's cookie would replace.
    pub(crate) is_stale: bool,
    /// The reason if the request's changes were dropped.
    pub(crate) loss: Option<Loss>,
    /// The session that was lost.
    pub(crate) lost: Option<Arc<Stored>>,
    /// The session whose credential has changed, which the response ends.
    pub(crate) outdated: Option<Arc<Outdated>>,
    /// Whether this request's own sign-in has begun the stored session.
    pub(crate) has_signed_in: bool,
    /// Whether the visitor has consented to a session that begins in this request.
    pub(crate) has_consent: bool,
    /// Whether this request has ended a session that was there.
    pub(crate) has_logged_out: bool,
    /// Whether somebody was signed in to a session that the request has lost or ended.
    pub(crate) had_owner: bool,
    /// What the request does for the session's life, unless it changes something.
    pub(crate) activity: Activity,
    /// The number of [all-or-nothing](super::whole::AllOrNothing) guards that are not done.
    pub(crate) undone: u32,
    /// The response's change to the cookie.
    pub(crate) cookie: Option<CookieChange>,
    pub(crate) unacknowledged: Writes,
    /// Counts how often the session was destroyed; commits of an older generation are discarded.
    pub(crate) generation: u64,
    /// Counts every change of `base` and `changes`; computed values hold for one version.
    pub(crate) version: u64,
    /// The size of all members, and the version in which they had it.
    pub(crate) size: Option<(u64, usize)>,
}

/// A value as it was.
pub(crate) enum Seen {
    Stored(data::Part),
    Changed(Box<str>),
}

impl Deref for Seen {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Stored(part) => part,
            Self::Changed(text) => text,
        }
    }
}

impl State {
    /// A state is large, so it is made where it stays.
    #[inline]
    pub(crate) fn new(base: Option<Arc<Stored>>, data: Data) -> Self {
        Self {
            base,
            data,
            changes: Log::default(),
            pending_deletes: Vec::new(),
            others: Vec::new(),
            is_finished: false,
            is_stale: false,
            loss: None,
            lost: None,
            outdated: None,
            has_signed_in: false,
            has_consent: false,
            has_logged_out: false,
            had_owner: false,
            activity: Activity::Usual,
            undone: 0,
            cookie: None,
            unacknowledged: Writes::default(),
            generation: 0,
            version: 0,
            size: None,
        }
    }

    /// Returns the stored session, as far as the request may see it: an owned session that a sign-in
    /// has left counts as none.
    pub(crate) fn visible(&self) -> Option<&Stored> {
        self.base.as_deref().filter(|stored| !stored.is_hidden())
    }

    /// Queues deletes of records that writes whose outcome is unknown may have created; also of those that
    /// they may have moved, if the session `ends`.
    pub(crate) fn delete_unacknowledged(&mut self, ends: bool) {
        let mut created = Vec::new();
        self.unacknowledged.retain(|write| {
            let is_created = match write.creates {
                Creates::Record => true,
                Creates::Move => ends,
                Creates::State => false,
            };
            created.extend(is_created.then(|| write.key()));
            !is_created
        });
        for key in created {
            self.delete(key, Condition::Always);
        }
    }

    /// Takes an acknowledged state for the base.
    pub(crate) fn adopt(&mut self, stored: Arc<Stored>, data: Data) {
        let key = stored.key;
        self.unacknowledged.retain(|write| write.key() != key);
        if !self.outdates(&stored) {
            self.base = Some(stored);
            self.data = data;
        }
        self.version += 1;
    }

    /// Remembers that the response may show an owner's values, although the session is about to go.
    pub(crate) fn note_owner(&mut self) {
        self.had_owner |= self.owner().is_some();
    }

    /// Drops everything, because the session was ended.
    pub(crate) fn lose(&mut self) {
        self.loss = Some(Loss::Gone);
        self.note_owner();
        self.lost = self.base.take();
        self.data = Data::default();
        self.changes = Log::default();
        self.unacknowledged = Writes::default();
        self.cookie = None;
        self.version += 1;
    }

    /// Shows an owner who signs in again the values of the session that an earlier sign-in has left:
    /// they are carried along.
    pub(crate) fn reveal_to(&mut self, policy: &Arc<Policy>, owner: &str) {
        if let Some(stored) = self.base.as_ref().filter(|stored| stored.is_hidden())
            && stored.record.owner.as_deref() == Some(owner)
        {
            self.data = Data::of_record(policy, stored.key, &stored.record);
            self.version += 1;
        }
    }

    /// Says whether values may be there that the request does not see.
    pub(crate) fn hides_values(&self) -> bool {
        self.base.as_deref().is_some_and(Stored::is_hidden)
    }

    /// Drops the changes, because the request's id is from before the sign-in that has closed its
    /// session, or from before an old rotation.
    pub(crate) fn supersede(&mut self, closed: Option<&Arc<Stored>>, data: &Data) {
        if let Some(closed) = closed {
            self.data = if closed.is_hidden() {
                Data::default()
            } else {
                data.clone()
            };
            self.base = Some(Arc::clone(closed));
        }
        self.loss = Some(Loss::Superseded);
        self.changes = Log::default();
        // The sign-in has set another.
        self.cookie = None;
        self.version += 1;
    }

    /// Says whether a delete is pending that the response may not go out without.
    pub(crate) fn owes_a_delete(&self) -> bool {
        let mut deletes = self.pending_deletes.iter();
        deletes.any(|delete| !delete.is_optional())
    }

    /// Returns the response's change to the cookie. It is removed only if everything is deleted.
    pub(crate) fn cookie(&self) -> Option<CookieChange> {
        let is_premature =
            |cookie: &CookieChange| matches!(cookie, CookieChange::Remove) && self.owes_a_delete();
        self.cookie.filter(|cookie| !is_premature(cookie))
    }

    /// Sets a value, unless the session would be larger than `limit`.
    #[inline]
    pub(crate) fn set(
        &mut self,
        key: &str,
        value: CompactString,
        limit: usize,
    ) -> Result<(), SessionError> {
        let size = self.size_with(key, value.len(), limit)?;
        self.changes.set(key, value);
        self.changed(size);
        Ok(())
    }

    /// Sets a value that was computed, unless the session would be larger than `limit`.
    #[inline]
    pub(crate) fn update(
        &mut self,
        key: &str,
        replay: Replay,
        value: CompactString,
        limit: usize,
    ) -> Result<(), SessionError> {
        let size = self.size_with(key, value.len(), limit)?;
        self.changes.update(key, replay, value, &self.data);
        self.changed(size);
        Ok(())
    }

    /// Sets a default that the application has got, unless the session would be larger than `limit`.
    pub(crate) fn propose(
        &mut self,
        key: &str,
        value: CompactString,
        limit: usize,
    ) -> Result<(), SessionError> {
        let size = self.size_with(key, value.len(), limit)?;
        self.changes.propose(key, value);
        self.changed(size);
        Ok(())
    }

    /// Removes a value that is there, and that the application has got.
    pub(crate) fn take(&mut self, key: &str, value: CompactString) {
        let size = self.known_size().map(|size| size - self.size_of(key));
        self.changes.take(key, value);
        self.changed(size);
    }

    /// Removes a value that is there.
    pub(crate) fn remove(&mut self, key: &str) {
        let size = self.known_size().map(|size| size - self.size_of(key));
        self.changes.remove(key);
        self.changed(size);
    }

    #[inline]
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        match self.changes.view(key) {
            View::Present(value) => Some(value),
            View::Absent => None,
            View::Untouched => self.data.get(key),
        }
    }

    /// Returns a value that stays readable when the state changes.
    #[inline]
    pub(crate) fn seen(&self, key: &str) -> Option<Seen> {
        match self.changes.view(key) {
            View::Present(value) => Some(Seen::Changed(value.into())),
            View::Absent => None,
            View::Untouched => self.data.shared_value(key).map(Seen::Stored),
        }
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let stored = self
            .data
            .iter()
            .filter_map(|(key, value)| match self.changes.view(key) {
                View::Present(new) => Some((key, new)),
                View::Absent => None,
                View::Untouched => Some((key, value)),
            });
        let added = self
            .changes
            .present()
            .filter(|(key, _)| self.changes.is_cleared() || self.data.get(key).is_none());
        stored.filter(|_| !self.changes.is_cleared()).chain(added)
    }

    /// Says whether there is something that a clear removes.
    pub(crate) fn has_values(&self) -> bool {
        let is_stored = !self.changes.is_cleared() && self.data.count() > 0;
        is_stored || self.changes.present().next().is_some()
    }

    /// Says whether a commit would write other values than the stored ones.
    pub(crate) fn changes_values(&self) -> bool {
        let is_stored = |(key, value)| {
            let stored = self.data.get(key);
            stored.is_some_and(|stored| is_same(stored, value))
        };
        self.changes.touches_values()
            && (self.members().count() != self.data.iter().count()
                || !self.members().all(is_stored))
    }

    pub(crate) fn owner(&self) -> Option<&Arc<str>> {
        self.changes
            .signed_in()
            .or_else(|| self.visible()?.record.owner.as_ref())
    }

    pub(crate) fn expiry(&self) -> Expiry {
        // What a sign-in of the same owner carries along counts too.
        let hidden = || {
            let base = self.base.as_deref();
            base.filter(|stored| stored.record.owner.as_ref() == self.changes.signed_in())
        };
        let stored = || match self.visible().or_else(hidden) {
            Some(stored) if !self.changes.ousts(stored.record.owner.as_ref()) => {
                stored.record.expiry
            }
            _ => Expiry::Policy,
        };
        self.changes.expiry().unwrap_or_else(stored)
    }

    /// Returns the size that the session will have with a value, if it had to be computed, and
    /// refuses one that makes it larger than `limit`.
    #[inline]
    fn size_with(
        &self,
        key: &str,
        length: usize,
        limit: usize,
    ) -> Result<Option<usize>, SessionError> {
        // Almost every session is small and far below the limit, so that a bound will do.
        if self.changes.is_short() {
            let most = self.changes.most_size() + most_size(key, length);
            if self.data.text().len() + most <= limit {
                return Ok(None);
            }
        }
        let added = member_size(key.as_bytes(), length);
        let all = self.known_size().unwrap_or_else(|| {
            let members = self.members();
            members
                .map(|(key, value)| member_size(key.as_bytes(), value.len()))
                .sum()
        });
        let size = all - self.size_of(key) + added;
        let bytes = size + 1;
        if bytes > limit {
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(Some(size))
    }

    #[inline]
    fn known_size(&self) -> Option<usize> {
        let (version, size) = self.size?;
        (version == self.version).then_some(size)
    }

    fn size_of(&self, key: &str) -> usize {
        let value = self.value(key);
        value.map_or(0, |value| member_size(key.as_bytes(), value.len()))
    }

    #[inline]
    fn changed(&mut self, size: Option<usize>) {
        self.version += 1;
        self.size = size.map(|size| (self.version, size));
    }
}
