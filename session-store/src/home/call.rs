use session_core::{Command, Digest, Key, Moment, Only, PublicId, Record, Revision, Revoke, Whose};

/// A copy of a [`Command`], for a call that is made elsewhere.
pub(super) struct OwnCommand {
    key: Key,
    action: Action,
}

enum Action {
    Delete(OwnOnly),
    Insert(Record),
    Replace(Revision, Record),
    Move {
        to: Key,
        expected: Revision,
        record: Record,
    },
    Touch {
        expected: Revision,
        seen: Moment,
        expires: Moment,
    },
}

enum OwnOnly {
    Always,
    Opened(Digest),
    Over(Moment),
}

impl OwnCommand {
    pub(super) fn get(&self) -> Command<'_> {
        let key = &self.key;
        match &self.action {
            Action::Delete(only) => Command::Delete {
                key,
                only: match only {
                    OwnOnly::Always => Only::Always,
                    OwnOnly::Opened(digest) => Only::Opened(digest),
                    OwnOnly::Over(moment) => Only::Over(*moment),
                },
            },
            Action::Insert(record) => Command::Insert { key, record },
            &Action::Replace(expected, ref record) => Command::Replace {
                key,
                expected,
                record,
            },
            &Action::Move {
                ref to,
                expected,
                ref record,
            } => Command::Move {
                key,
                to,
                expected,
                record,
            },
            &Action::Touch {
                expected,
                seen,
                expires,
            } => Command::Touch {
                key,
                expected,
                seen,
                expires,
            },
        }
    }
}

impl From<Command<'_>> for OwnCommand {
    fn from(command: Command<'_>) -> Self {
        let key = *command.key();
        let action = match command {
            Command::Delete { only, .. } => Action::Delete(match only {
                Only::Always => OwnOnly::Always,
                Only::Opened(digest) => OwnOnly::Opened(*digest),
                Only::Over(moment) => OwnOnly::Over(moment),
            }),
            Command::Insert { record, .. } => Action::Insert(record.clone()),
            Command::Replace {
                expected, record, ..
            } => Action::Replace(expected, record.clone()),
            Command::Move {
                to,
                expected,
                record,
                ..
            } => Action::Move {
                to: *to,
                expected,
                record: record.clone(),
            },
            Command::Touch {
                expected,
                seen,
                expires,
                ..
            } => Action::Touch {
                expected,
                seen,
                expires,
            },
        };
        Self { key, action }
    }
}

/// A copy of a [`Revoke`].
pub(super) enum OwnRevoke {
    All,
    AllBut(PublicId),
    One(PublicId),
}

impl OwnRevoke {
    fn get(&self) -> Revoke<'_> {
        match self {
            Self::All => Revoke::All,
            Self::AllBut(other) => Revoke::AllBut(other),
            Self::One(named) => Revoke::One(named),
        }
    }
}

impl From<Revoke<'_>> for OwnRevoke {
    fn from(which: Revoke<'_>) -> Self {
        match which {
            Revoke::All => Self::All,
            Revoke::AllBut(other) => Self::AllBut(*other),
            Revoke::One(named) => Self::One(*named),
        }
    }
}

/// A copy of a [`Whose`].
pub(super) enum OwnWhose {
    Owner(String, OwnRevoke),
    Tag(String),
    Everybody,
}

impl OwnWhose {
    pub(super) fn get(&self) -> Whose<'_> {
        match self {
            Self::Owner(owner, which) => Whose::Owner(owner, which.get()),
            Self::Tag(tag) => Whose::Tag(tag),
            Self::Everybody => Whose::Everybody,
        }
    }
}

impl From<Whose<'_>> for OwnWhose {
    fn from(whose: Whose<'_>) -> Self {
        match whose {
            Whose::Owner(owner, which) => Self::Owner(owner.to_owned(), which.into()),
            Whose::Tag(tag) => Self::Tag(tag.to_owned()),
            Whose::Everybody => Self::Everybody,
        }
    }
}
