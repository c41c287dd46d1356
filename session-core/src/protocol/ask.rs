use std::sync::Arc;

use super::cap::Listing;
use super::credential::Outdated;
use super::pending::PendingDelete;
use super::standing::Stored;
use crate::policy::lifetime::Extension;
use crate::{Command, Key, Only, Record, Reply, Revision, SessionError};

/// The next action of a commit.
pub(crate) enum Decision {
    Write(Ask),
    /// Load the base again, since this was refused.
    Load(Ask),
    /// List an owner's sessions.
    List(Listing),
    Done(Reply),
}

pub(crate) type Decided = Result<Decision, SessionError>;

/// A commit's request to the store.
pub(crate) enum Ask {
    /// In a box, as it is the only large one and rare.
    Delete(Box<PendingDelete>),
    Insert(Attempt),
    /// Inserts the session of a login that may be refused, for a short while.
    Try {
        attempt: Attempt,
        trial: Box<Record>,
    },
    /// Gives that session its whole life.
    Admit(Arc<Stored>),
    /// Ends a session that is one too many.
    EndOldest(Key),
    Replace(Attempt),
    Touch(Arc<Stored>, Extension),
    /// Ends a session as it is, because its owner's credential has changed.
    End {
        outdated: Arc<Outdated>,
        ended: Box<Record>,
    },
    /// Replaces a session's record by one under another key.
    Move {
        from: Arc<Stored>,
        attempt: Attempt,
    },
    /// Closes the session that a sign-in leaves.
    Leave {
        old: Arc<Stored>,
        closed: Box<Record>,
    },
    /// Carries values that others have written to the old session over to the one that a sign-in has begun.
    Carry(Attempt),
    /// Ends the session that a sign-in can't close, because others write to it each time.
    LeaveByKey(Arc<Stored>),
    /// Ends the session that a sign-in has begun, because the one before was ended meanwhile.
    Withdraw(Arc<Stored>),
}

/// A state to write.
pub(crate) struct Attempt {
    pub(crate) stored: Arc<Stored>,
    /// The state that it replaces; of a new session its own.
    pub(crate) expected: Revision,
}

impl Ask {
    pub(crate) fn command(&self) -> Command<'_> {
        match self {
            Self::Delete(delete) => delete.command(),
            Self::Insert(attempt) => Command::Insert {
                key: &attempt.stored.key,
                record: &attempt.stored.record,
            },
            Self::Try { attempt, trial } => Command::Insert {
                key: &attempt.stored.key,
                record: trial,
            },
            Self::Admit(stored) => Command::Touch {
                key: &stored.key,
                expected: stored.record.revision,
                seen: stored.record.seen,
                expires: stored.record.expires,
            },
            Self::EndOldest(key) => Command::Delete {
                key,
                only: Only::Always,
            },
            Self::Replace(attempt) | Self::Carry(attempt) => Command::Replace {
                key: &attempt.stored.key,
                expected: attempt.expected,
                record: &attempt.stored.record,
            },
            Self::Move { from, attempt } => Command::Move {
                key: &from.key,
                to: &attempt.stored.key,
                expected: attempt.expected,
                record: &attempt.stored.record,
            },
            Self::Touch(stored, extension) => Command::Touch {
                key: &stored.key,
                expected: stored.record.revision,
                seen: extension.seen,
                expires: extension.expires,
            },
            Self::End { outdated, ended } => Command::Replace {
                key: &outdated.stored.key,
                expected: outdated.stored.record.revision,
                record: ended,
            },
            Self::Leave { old, closed } => Command::Replace {
                key: &old.key,
                expected: old.record.revision,
                record: closed,
            },
            Self::LeaveByKey(stored) | Self::Withdraw(stored) => Command::Delete {
                key: &stored.key,
                only: Only::Always,
            },
        }
    }
}
