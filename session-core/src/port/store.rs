use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{Device, Digest, Key, PublicId, Record, Revision};

/// The port behind which sessions are kept.
///
/// A store applies a command or refuses it; it decides nothing. Every command is atomic: of two
/// that race, one sees the other's effect. `now` is the caller's clock, and the only one that
/// counts. `Err` is for the system (an outage, a broken table); whatever a client can cause is
/// `Ok`. No error names a key or a digest.
///
/// `session-testkit` holds the suite that says whether a store is right.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Returns the record under the key. One that is over may be returned or not: the core judges.
    ///
    /// The store looks at the key alone; the core compares secrets. Only a copy that may be older
    /// than the last write (a cache, a replica) looks at `secret`: it answers if that is the
    /// [present digest](crate::Secrets::present) of what it has, and else asks the original.
    ///
    /// A record whose `data` cannot be understood is returned as it is; the core deals with it.
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError>;

    /// Applies one command, or refuses it.
    async fn write(&self, command: Command<'_>, now: OffsetDateTime)
    -> Result<Outcome, StoreError>;

    /// Removes at most `limit` records that are over and returns how many it removed.
    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError>;

    /// Returns an owner's sessions that are neither over nor [closed](Record::closed), the most
    /// recently seen first.
    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError>;

    /// Removes sessions of one owner, whatever the clock says, and returns how many of them were
    /// neither over nor closed.
    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError>;

    /// Succeeds if the store can be reached and written to.
    async fn check(&self) -> Result<(), StoreError>;
}

/// A write that a store applies as a whole or not at all.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// Creates a record; refused if the key is taken. (Keys are random, so a record that is over
    /// may count as taken or not.)
    Insert {
        /// The new session's key.
        key: &'a Key,
        /// What to keep.
        record: &'a Record,
    },
    /// Puts `record` in the place of what is under the key. If `record` is over already
    /// (`record.expires <= now`), the key is removed instead.
    ///
    /// Refused if the record under the key is gone, over, or has another revision than `expected`.
    Replace {
        /// The session's key.
        key: &'a Key,
        /// The state on which `record` is built.
        expected: Revision,
        /// What to keep.
        record: &'a Record,
    },
    /// Moves `seen` and `expires`, each only ever later; the revision stays.
    ///
    /// Refused if the record is gone, over, or has another revision than `expected`.
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
    /// Removes the record under the key if the condition holds, whether it is over or not. Always
    /// applied, also if there is nothing to remove.
    Delete {
        /// The session's key.
        key: &'a Key,
        /// The condition.
        only: Only<'a>,
    },
}

impl Command<'_> {
    /// Returns the key of the record that the command is about.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Insert { key, .. }
            | Self::Replace { key, .. }
            | Self::Touch { key, .. }
            | Self::Delete { key, .. } => key,
        }
    }
}

/// On which condition a [`Command::Delete`] removes a record.
#[derive(Debug, Clone, Copy)]
pub enum Only<'a> {
    /// None: it is removed.
    Always,
    /// The digest is that of its present secret or of a remembered one, whatever the clock says.
    Opened(&'a Digest),
    /// It is over at this moment: `expires` is not later.
    Over(OffsetDateTime),
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
