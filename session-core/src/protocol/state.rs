use std::sync::Arc;

use crate::http::reply::CookieChange;
use crate::protocol::changes::{Changes, View};
use crate::protocol::data::{Data, Writer};
use crate::protocol::entries::Replay;
use crate::protocol::exchange::understand;
use crate::{Expiry, Key, Record, Revision, SessionError};

/// What a session is at one moment: a base, and the log of what was done to it.
pub(crate) struct State {
    pub(crate) base: Option<Stored>,
    pub(crate) data: Data,
    pub(crate) changes: Changes,
    /// Sessions that this request has destroyed and a commit has still to delete.
    pub(crate) doomed: Vec<Key>,
    /// What else the browser presented under the cookie's name.
    pub(crate) others: Vec<Key>,
    /// The response has begun.
    pub(crate) is_closed: bool,
    /// Ended elsewhere; nothing of it may come back.
    pub(crate) is_gone: bool,
    /// What the presented id led to, if it was renewed a moment ago.
    pub(crate) renewed: Option<Stored>,
    /// What the response will say of the cookie.
    pub(crate) cookie: Option<CookieChange>,
    /// Writes whose answer has not arrived, and may never.
    pub(crate) unanswered: Vec<Unanswered>,
    /// Counts how often the session was destroyed; a commit that began before has no say any more.
    pub(crate) deaths: u64,
    /// Counts every change of `base` and `changes`; what was computed from them holds for one version.
    pub(crate) version: u64,
    /// The size of all members, and the version in which they had it.
    pub(crate) size: Option<(u64, usize)>,
}

/// A record and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) key: Key,
    pub(crate) record: Record,
}

/// A write whose answer has not arrived.
#[derive(Clone)]
pub(crate) struct Unanswered {
    pub(crate) key: Key,
    pub(crate) revision: Revision,
    pub(crate) changes: Arc<Changes>,
}

impl State {
    /// Leaves the session whose id was renewed, for one of its own that `owner` signs in to.
    ///
    /// The values are the owner's, so they come along if the other session is theirs.
    pub(crate) fn leave(&mut self, renewed: &Stored, owner: &str) {
        self.base = None;
        self.data = Data::empty();
        self.changes = Changes::default();
        if renewed.record.owner.as_deref() == Some(owner) {
            for (key, value) in understand(&renewed.record).iter() {
                self.changes.set(key, value.to_owned());
            }
        }
    }

    /// Dooms a session that is or may be stored.
    pub(crate) fn doom(&mut self, key: Key) {
        if !self.doomed.contains(&key) {
            self.doomed.push(key);
        }
    }

    /// Dooms what writes without an answer may have stored.
    pub(crate) fn doom_unanswered(&mut self) {
        for write in std::mem::take(&mut self.unanswered) {
            self.doom(write.key);
        }
    }

    /// Sets a value, unless the session would be larger than `limit`.
    pub(crate) fn set(
        &mut self,
        key: &str,
        value: String,
        limit: usize,
    ) -> Result<(), SessionError> {
        let size = self.size_with(key, value.len(), limit)?;
        self.changes.set(key, value);
        self.changed(size);
        Ok(())
    }

    /// Sets a value that was computed, unless the session would be larger than `limit`.
    pub(crate) fn update(
        &mut self,
        key: &str,
        replay: Replay,
        value: String,
        limit: usize,
    ) -> Result<(), SessionError> {
        let size = self.size_with(key, value.len(), limit)?;
        self.changes.update(key, replay, value);
        self.changed(size);
        Ok(())
    }

    /// Removes a value that is there.
    pub(crate) fn remove(&mut self, key: &str) {
        let size = self.known_size().map(|size| size - self.size_of(key));
        self.changes.remove(key);
        self.changed(size);
    }

    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        match self.changes.view(key) {
            View::Present(value) => Some(value),
            View::Absent => None,
            View::Untouched => self.data.get(key),
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

    /// Returns the values as a commit would write them.
    pub(crate) fn text(&self) -> String {
        let mut text = Writer::with_capacity(self.data.text().len());
        for (key, value) in self.members() {
            text.member(key, value);
        }
        text.finish()
    }

    pub(crate) fn owner(&self) -> Option<&Arc<str>> {
        self.changes
            .signed_in()
            .or_else(|| self.base.as_ref()?.record.owner.as_ref())
    }

    pub(crate) fn expiry(&self) -> Expiry {
        let stored = || match &self.base {
            Some(stored) if !self.changes.ousts(stored.record.owner.as_ref()) => {
                stored.record.expiry
            }
            _ => Expiry::Policy,
        };
        self.changes.expiry().unwrap_or_else(stored)
    }

    /// Returns the size that the session will have with a value, if it had to be computed, and
    /// refuses one that makes it larger than `limit`.
    fn size_with(
        &self,
        key: &str,
        length: usize,
        limit: usize,
    ) -> Result<Option<usize>, SessionError> {
        let added = member(key, length);
        // Almost every session is small and far below the limit, so that an estimate will do.
        if self.changes.is_short() {
            let changed = self.changes.present();
            let changed: usize = changed.map(|(key, value)| member(key, value.len())).sum();
            if self.data.text().len() + changed + added <= limit {
                return Ok(None);
            }
        }
        let all = self.known_size().unwrap_or_else(|| {
            let members = self.members();
            members.map(|(key, value)| member(key, value.len())).sum()
        });
        let size = all - self.size_of(key) + added;
        let bytes = size + 1;
        if bytes > limit {
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(Some(size))
    }

    fn known_size(&self) -> Option<usize> {
        let (version, size) = self.size?;
        (version == self.version).then_some(size)
    }

    fn size_of(&self, key: &str) -> usize {
        let value = self.value(key);
        value.map_or(0, |value| member(key, value.len()))
    }

    fn changed(&mut self, size: Option<usize>) {
        self.version += 1;
        self.size = size.map(|size| (self.version, size));
    }
}

/// Returns what a value and its name take in an object.
fn member(key: &str, length: usize) -> usize {
    key.len() + length + 4
}
