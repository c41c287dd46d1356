use time::OffsetDateTime;

use super::log::Log;
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
    pub(crate) key: Key,
    pub(crate) revision: Revision,
    pub(crate) changes: Log,
    /// Its consequence for the cookie, if it was applied.
    pub(crate) cookie: Option<CookieChange>,
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
