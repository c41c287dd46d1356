use std::fmt;

use crate::{Digest, Key, Moment, PublicId, Record, Revision};

/// A write that a store applies as a whole or not at all.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
pub enum Command<'a> {
    /// Creates a record; refused if the key is taken. (Keys are random, so a record that is over
    /// may count as taken or not.)
    Insert {
        /// The new session's key.
        key: &'a Key,
        /// The record to keep.
        record: &'a Record,
    },
    /// Replaces the record under the key. If the new `record` is over already
    /// (`record.expires <= now`), the key is removed instead.
    ///
    /// Refused if the record under the key is gone, over, or has another revision than `expected`.
    Replace {
        /// The session's key.
        key: &'a Key,
        /// The state on which `record` is built.
        expected: Revision,
        /// The record to keep.
        record: &'a Record,
    },
    /// Replaces the record under the key and puts the new one under another, in one; only for a store of
    /// [plain ids](crate::IdForm::Plain), where a new id is a new key.
    ///
    /// Refused as `Replace`, or if `to` is taken. Another store answers with
    /// [`StoreError::keys_stay`](crate::StoreError::keys_stay).
    Move {
        /// The session's key so far.
        key: &'a Key,
        /// Its key from now on.
        to: &'a Key,
        /// The state on which `record` is built.
        expected: Revision,
        /// The record to keep.
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
        seen: Moment,
        /// The new `expires`.
        expires: Moment,
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

impl<'a> Command<'a> {
    /// Returns the key of the record that the command is about, of one that moves the key so far.
    #[must_use]
    pub fn key(&self) -> &'a Key {
        match self {
            Self::Insert { key, .. }
            | Self::Replace { key, .. }
            | Self::Move { key, .. }
            | Self::Touch { key, .. }
            | Self::Delete { key, .. } => key,
        }
    }
}

/// The condition on which a [`Command::Delete`] removes a record.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
pub enum Only<'a> {
    /// It is removed unconditionally.
    Always,
    /// The digest is that of its present secret or of a remembered one, whatever the clock says.
    Opened(&'a Digest),
    /// It is over at this moment: `expires` is not later.
    Over(Moment),
}

/// A store's answer to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
pub enum Outcome {
    /// The command took effect.
    Applied,
    /// It did not, and nothing changed; a load tells why.
    Refused,
}

/// The sessions that a revocation ends. `Debug` shows no name.
#[derive(Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
pub enum Whose<'a> {
    /// A choice of one owner's.
    Owner(&'a str, Revoke<'a>),
    /// Those with this [tag](crate::Record::tag).
    Tag(&'a str),
    /// All that the store has when it is asked. Those that begin meanwhile may stay.
    Everybody,
}

impl Whose<'_> {
    /// Says whether a session is meant, for a store that looks at each one.
    #[must_use]
    pub fn includes(&self, key: &Key, record: &Record) -> bool {
        match self {
            Self::Owner(owner, which) => {
                let is_chosen = match which {
                    Revoke::All => true,
                    Revoke::AllBut(kept) => key.public_id() != **kept,
                    Revoke::One(one) => key.public_id() == **one,
                };
                is_chosen && record.owner.as_deref() == Some(*owner)
            }
            Self::Tag(tag) => record.tag.as_deref() == Some(*tag),
            Self::Everybody => true,
        }
    }
}

impl fmt::Debug for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(_, which) => write!(f, "Owner(…, {which:?})"),
            Self::Tag(_) => f.write_str("Tag(…)"),
            Self::Everybody => f.write_str("Everybody"),
        }
    }
}

/// A choice of an owner's sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
pub enum Revoke<'a> {
    /// Every one.
    All,
    /// Every one but this.
    AllBut(&'a PublicId),
    /// This one.
    One(&'a PublicId),
}
