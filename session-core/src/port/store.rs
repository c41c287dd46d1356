use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{Device, Key, PublicId, Record, Revision};

/// The port behind which sessions are kept.
///
/// A store applies or refuses; it decides nothing. Every command is atomic: of two that race, one
/// sees the other's effect. `now` is the caller's clock, and the only one that counts: a record
/// with `expires <= now` does not exist for any method. `Err` is for the system (an outage, a
/// broken table); whatever a client can cause is `Ok`. Errors name no id.
///
/// `session-testkit` holds the suite that says whether a store is right.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns the live record under the key, or else the one that a [`Command::Replace`] moved
    /// from it, while the key is remembered.
    ///
    /// A record whose `data` cannot be understood is returned as it is; the core deals with it.
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError>;

    /// Applies one command, or refuses it.
    async fn write(&self, command: Command<'_>, now: OffsetDateTime)
    -> Result<Outcome, StoreError>;

    /// Removes at most `limit` expired records and returns how many it removed.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError>;

    /// Returns an owner's live sessions, the most recently seen first.
    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError>;

    /// Removes live sessions of one owner and returns how many it removed.
    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError>;

    /// Succeeds if the store can be reached and written to.
    async fn check(&self) -> Result<(), StoreError>;
}

/// What a store has for a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// The session is under the key.
    Here(Record),
    /// The session was moved from the key, which is its last one and still remembered.
    Moved {
        /// Where it is now.
        to: Key,
        /// What is there.
        record: Record,
    },
}

impl Found {
    /// Returns the record, wherever it is.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Here(record) | Self::Moved { record, .. } => record,
        }
    }
}

/// A write that a store applies as a whole or not at all.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// Creates a record; refused if a live one has the key. An expired one may be overwritten.
    Insert {
        /// The new session's key.
        key: &'a Key,
        /// What to keep.
        record: &'a Record,
    },
    /// Puts `record` under `with` and removes `key`, in one step; `with` is often `key` itself.
    ///
    /// If they differ, `key` is remembered as the one before `with` while `now` is before
    /// `remembered`, in place of any that was remembered for this session. A store whose table has no room
    /// for it may forget it at once. If they are the same, what is remembered stays.
    ///
    /// Refused if `key` is gone, expired or has another revision than `expected`, and if a live
    /// record has the key `with` already (unless it is `key`).
    Replace {
        /// Where the session is now.
        key: &'a Key,
        /// The state on which `record` is built.
        expected: Revision,
        /// Where it will be.
        with: &'a Key,
        /// What to keep.
        record: &'a Record,
        /// Until when `key` leads to `with`.
        remembered: OffsetDateTime,
    },
    /// Moves `seen` and `expires`, each only ever later; the revision stays.
    ///
    /// Refused if the record is gone, expired or has another revision than `expected`.
    Touch {
        /// The session's key.
        key: &'a Key,
        /// The state whose lifetime was computed.
        expected: Revision,
        /// The new `seen`.
        seen: OffsetDateTime,
        /// The new `expires`.
        expires: OffsetDateTime,
    },
    /// Removes what [`Store::load`] finds, if anything: a logout holds also with an id that
    /// was renewed meanwhile. Always applied.
    Delete {
        /// The session's key.
        key: &'a Key,
    },
}

/// What a store did with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The command took effect.
    Applied,
    /// It did not, and nothing changed; a load tells why.
    Refused,
}

/// Which of an owner's sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoke<'a> {
    /// Every one.
    All,
    /// Every one but this.
    AllBut(&'a PublicId),
    /// This one.
    One(&'a PublicId),
}

/// The store failed: an outage, a time-out, a broken table.
///
/// The message is for operators; clients see an opaque 503.
#[derive(Debug)]
pub struct StoreError {
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// Creates an error from a sentence without a full stop.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            cause: None,
        }
    }

    /// Adds what caused it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
