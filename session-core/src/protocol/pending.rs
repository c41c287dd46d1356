use std::sync::Arc;

use super::log::Log;
use super::standing::Stored;
use super::state::State;
use crate::http::reply::CookieChange;
use crate::{Command, Digest, Event, EventKind, Key, Moment, Only, Policy, Reason, Revision};

/// A delete that this request has still to make.
#[derive(Debug, Clone)]
pub(crate) struct PendingDelete {
    pub(crate) key: Key,
    pub(crate) condition: Condition,
    pub(crate) news: Ends,
}

/// What a delete is told as, once the store has acknowledged it.
#[derive(Debug, Clone)]
pub(crate) enum Ends {
    /// A logout, of this owner's session.
    Logout(Option<Arc<str>>),
    /// Nothing: it cleans up, or it was told before.
    Quietly,
    /// The logout of a session that was not looked at.
    Unseen,
}

/// The owned form of [`Only`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Always,
    Opened(Digest),
    Over(Moment),
}

impl PendingDelete {
    /// Says whether it deletes the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.key == other.key && self.condition == other.condition
    }

    /// Tells of it.
    pub(crate) fn tell(&self, policy: &Policy, now: Moment) {
        let event = Event::new(EventKind::LoggedOut, now).of(self.key.public_id());
        match &self.news {
            Ends::Quietly => {}
            Ends::Unseen => policy.tell(event.because(Reason::Unseen)),
            Ends::Logout(owner) => policy.tell(event.owned_by(owner.as_deref())),
        }
    }

    pub(crate) fn command(&self) -> Command<'_> {
        Command::Delete {
            key: &self.key,
            only: match &self.condition {
                Condition::Always => Only::Always,
                Condition::Opened(digest) => Only::Opened(digest),
                Condition::Over(moment) => Only::Over(*moment),
            },
        }
    }

    /// Says whether the request is right without it.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self.condition, Condition::Over(_))
    }
}

impl State {
    /// Queues a delete of which nothing is told.
    pub(crate) fn delete(&mut self, key: Key, condition: Condition) {
        self.end(key, condition, Ends::Quietly);
    }

    /// Queues a delete.
    pub(crate) fn end(&mut self, key: Key, condition: Condition, news: Ends) {
        let delete = PendingDelete {
            key,
            condition,
            news,
        };
        if !self
            .pending_deletes
            .iter()
            .any(|pending| pending.is_same(&delete))
        {
            self.pending_deletes.push(delete);
        }
    }
}

/// A write whose answer has not arrived, and may never.
#[derive(Clone)]
pub(crate) struct Unacknowledged {
    /// The state that it writes.
    pub(crate) stored: Arc<Stored>,
    pub(crate) changes: Log,
    pub(crate) creates: Creates,
}

/// The kind of a write whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creates {
    /// The session's only record, under a key that is this request's own.
    Move,
    /// A record that is this request's own.
    Record,
    /// Another state of a record that others know too.
    State,
}

impl Unacknowledged {
    /// Its consequence for the cookie, if it was applied.
    pub(crate) fn cookie(&self) -> Option<CookieChange> {
        self.stored.cookie
    }

    pub(crate) fn key(&self) -> Key {
        self.stored.key
    }

    pub(crate) fn revision(&self) -> Revision {
        self.stored.record.revision
    }
}

/// A request's writes without an answer, in their order.
///
/// There is hardly ever more than the one that is under way, so it owns no memory.
#[derive(Default)]
pub(crate) struct Writes {
    first: Option<Unacknowledged>,
    rest: Vec<Unacknowledged>,
}

impl Writes {
    pub(crate) fn push(&mut self, write: Unacknowledged) {
        if self.first.is_none() && self.rest.is_empty() {
            self.first = Some(write);
        } else {
            self.rest.push(write);
        }
    }

    pub(crate) fn retain(&mut self, mut test: impl FnMut(&Unacknowledged) -> bool) {
        self.first.take_if(|write| !test(write));
        self.rest.retain(test);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Unacknowledged> {
        self.first.iter().chain(&self.rest)
    }
}
