use session_core::{Device, Key, PublicId, Record, Revision, Revoke, StoreError};
use time::OffsetDateTime;

/// What is done in one step by one server: a script, which sees keys of one slot only, or of any
/// where there is but one server.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    /// The live record, if it is led to by that key when one is given.
    Load {
        key: Key,
        led_by: Option<Key>,
        confirmed: Option<Revision>,
    },
    Insert {
        key: Key,
        record: &'a Record,
        listed: Option<OffsetDateTime>,
    },
    Replace {
        key: Key,
        expected: Revision,
        record: &'a Record,
        listed: Option<OffsetDateTime>,
        confirmed: Option<Revision>,
    },
    Touch {
        key: Key,
        expected: Revision,
        seen: OffsetDateTime,
        expires: OffsetDateTime,
        listed: Option<OffsetDateTime>,
        confirmed: Option<Revision>,
    },
    /// Ends the live session, if it is led to by that key and is one of those.
    Finish {
        key: Key,
        led_by: Option<Key>,
        which: Which<'a>,
        confirmed: Option<Revision>,
    },
    /// A move as a whole; only of one server.
    Relocate {
        key: Key,
        expected: Revision,
        with: Key,
        record: &'a Record,
        remembered: OffsetDateTime,
    },
    /// An owner's sessions; only of one server.
    Devices {
        owner: &'a str,
    },
    /// Ends an owner's sessions; only of one server.
    Revoke {
        owner: &'a str,
        which: Revoke<'a>,
    },
    /// Puts the record where the session is to go, not live yet.
    Prepare {
        key: Key,
        from: Key,
        record: &'a Record,
        remembered: OffsetDateTime,
        listed: Option<OffsetDateTime>,
    },
    /// Removes the record that has moved, and notes where to.
    Commit {
        key: Key,
        expected: Revision,
        with: Key,
        record: &'a Record,
        remembered: OffsetDateTime,
        confirmed: Option<Revision>,
    },
    /// Removes what was prepared.
    Abort {
        key: Key,
        revision: Revision,
    },
    /// Says whether it is noted that the record of that revision moved away from the key.
    Committed {
        key: Key,
        revision: Revision,
    },
    /// Forgets that note.
    Settle {
        key: Key,
        revision: Revision,
    },
    List {
        owner: &'a str,
        key: Key,
        until: OffsetDateTime,
    },
    Unlist {
        owner: &'a str,
        keys: &'a [Key],
    },
    Listed {
        owner: &'a str,
    },
    /// Removes the record if it is over by the caller's clock.
    Sweep {
        key: Key,
    },
}

/// Which session a [`Ask::Finish`] is meant for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    Any,
    Of(&'a str, Revoke<'a>),
}

/// What a step found or did.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// There is nothing, or it is refused.
    Nothing,
    Done,
    Here(Box<Record>),
    /// Here as well, but under another key than was asked for.
    There(Key, Box<Record>),
    /// Nothing lives here; the session went to that key.
    Moved(Key),
    /// Nothing lives here unless a move is committed: from that key, of that revision.
    Pending(Key, Revision),
    /// Nothing is done: the owner's index has to list the session for longer first.
    Unlisted(String),
    /// A record is removed; it was that owner's.
    Ended(Option<String>),
    /// There is a session, but not one of those to be ended.
    Kept,
    Keys(Vec<Key>),
    Devices(Vec<Device>),
    Count(usize),
}

/// Servers that do one step at a time for each slot, at the moment that a caller's clock shows.
pub(super) trait Slots: Sync {
    /// Has one step done.
    fn ask(&self, ask: Ask<'_>) -> impl Future<Output = Result<Answer, StoreError>> + Send;

    /// Returns the caller's clock.
    fn now(&self) -> OffsetDateTime;
}

impl Ask<'_> {
    /// Says whether it may be asked again when the first answer was lost.
    pub(super) fn is_repeatable(&self) -> bool {
        match self {
            Self::Load { .. }
            | Self::Touch { .. }
            | Self::Devices { .. }
            | Self::Abort { .. }
            | Self::Committed { .. }
            | Self::Settle { .. }
            | Self::List { .. }
            | Self::Unlist { .. }
            | Self::Listed { .. }
            | Self::Finish {
                which: Which::Any, ..
            } => true,
            Self::Insert { .. }
            | Self::Replace { .. }
            | Self::Finish { .. }
            | Self::Relocate { .. }
            | Self::Revoke { .. }
            | Self::Prepare { .. }
            | Self::Commit { .. }
            | Self::Sweep { .. } => false,
        }
    }

    /// Names it in error messages, before the server's name.
    pub(super) fn doing(&self) -> &'static str {
        match self {
            Self::Load { .. } | Self::Committed { .. } => "read a session from",
            Self::Finish { .. } | Self::Revoke { .. } => "end a session in",
            Self::Devices { .. } | Self::Listed { .. } => "list sessions in",
            Self::Sweep { .. } => "remove expired sessions from",
            _ => "write a session to",
        }
    }
}

impl<'a> Which<'a> {
    /// Returns the owner, the kind and the handle, as scripts take them.
    pub(super) fn parts(self) -> (Option<&'a str>, &'static str, Option<&'a PublicId>) {
        match self {
            Self::Any => (None, "any", None),
            Self::Of(owner, Revoke::All) => (Some(owner), "all", None),
            Self::Of(owner, Revoke::AllBut(kept)) => (Some(owner), "but", Some(kept)),
            Self::Of(owner, Revoke::One(ended)) => (Some(owner), "one", Some(ended)),
        }
    }
}
