use std::sync::Arc;

use time::OffsetDateTime;

use super::log::Log;
use super::standing::Stored;
use crate::http::reply::CookieChange;
use crate::{Command, Digest, Key, Only, Revision};

/// A delete that this request has still to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PendingDelete {
    pub(crate) key: Key,
    pub(crate) condition: Condition,
}

/// The owned form of [`Only`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Always,
    Opened(Digest),
    Over(OffsetDateTime),
}

impl PendingDelete {
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
