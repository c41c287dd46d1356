use std::sync::Arc;

use super::pending::PendingDelete;
use super::standing::Stored;
use crate::policy::lifetime::Extension;
use crate::{Command, Only, Record, Reply, Revision, SessionError};

/// The next action of a commit.
pub(crate) enum Decision {
    Write(Ask),
    /// Load the base again, since this was refused.
    Load(Ask),
    Done(Reply),
}

pub(crate) type Decided = Result<Decision, SessionError>;

/// A commit's request to the store.
pub(crate) enum Ask {
    /// In a box, as it is the only large one and rare.
    Delete(Box<PendingDelete>),
    Insert(Attempt),
    Replace(Attempt),
    Touch(Arc<Stored>, Extension),
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
