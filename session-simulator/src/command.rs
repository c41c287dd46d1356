use session_core::{
    Command, Digest, Key, Moment, Only, PublicId, Record, Revision, Revoke, Store, StoreError,
    Whose,
};

/// A call that changes the store, kept while it is on its way.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    Write(Owned, Moment),
    Revoke(OwnedWhose, Moment),
}

/// A command that owns what it is about.
#[derive(Debug, Clone)]
pub(crate) enum Owned {
    Insert(Key, Box<Record>),
    Replace(Key, Revision, Box<Record>),
    Touch(Key, Revision, Moment, Moment),
    Delete(Key, OwnedOnly),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum OwnedOnly {
    Always,
    Opened(Digest),
    Over(Moment),
}

#[derive(Debug, Clone)]
pub(crate) enum OwnedWhose {
    Everybody,
    Tag(String),
    All(String),
    AllBut(String, PublicId),
    One(String, PublicId),
}

impl Owned {
    /// Copies a command.
    ///
    /// # Errors
    ///
    /// It moves a record, which no store of hashed ids does.
    pub(crate) fn of(command: Command<'_>) -> Result<Self, StoreError> {
        Ok(match command {
            Command::Insert { key, record } => Self::Insert(*key, Box::new(record.clone())),
            Command::Replace {
                key,
                expected,
                record,
            } => Self::Replace(*key, expected, Box::new(record.clone())),
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => Self::Touch(*key, expected, seen, expires),
            Command::Delete { key, only } => Self::Delete(
                *key,
                match only {
                    Only::Always => OwnedOnly::Always,
                    Only::Opened(digest) => OwnedOnly::Opened(*digest),
                    Only::Over(moment) => OwnedOnly::Over(moment),
                },
            ),
            Command::Move { .. } => return Err(StoreError::keys_stay()),
        })
    }

    pub(crate) fn command(&self) -> Command<'_> {
        match self {
            Self::Insert(key, record) => Command::Insert { key, record },
            Self::Replace(key, expected, record) => Command::Replace {
                key,
                expected: *expected,
                record,
            },
            Self::Touch(key, expected, seen, expires) => Command::Touch {
                key,
                expected: *expected,
                seen: *seen,
                expires: *expires,
            },
            Self::Delete(key, only) => Command::Delete {
                key,
                only: match only {
                    OwnedOnly::Always => Only::Always,
                    OwnedOnly::Opened(digest) => Only::Opened(digest),
                    OwnedOnly::Over(moment) => Only::Over(*moment),
                },
            },
        }
    }
}

impl OwnedWhose {
    pub(crate) fn of(whose: Whose<'_>) -> Self {
        match whose {
            Whose::Everybody => Self::Everybody,
            Whose::Tag(tag) => Self::Tag(tag.to_owned()),
            Whose::Owner(owner, Revoke::All) => Self::All(owner.to_owned()),
            Whose::Owner(owner, Revoke::AllBut(kept)) => Self::AllBut(owner.to_owned(), *kept),
            Whose::Owner(owner, Revoke::One(one)) => Self::One(owner.to_owned(), *one),
        }
    }

    pub(crate) async fn run(&self, store: &dyn Store, now: Moment) -> Result<usize, StoreError> {
        let whose = match self {
            Self::Everybody => Whose::Everybody,
            Self::Tag(tag) => Whose::Tag(tag),
            Self::All(owner) => Whose::Owner(owner, Revoke::All),
            Self::AllBut(owner, kept) => Whose::Owner(owner, Revoke::AllBut(kept)),
            Self::One(owner, one) => Whose::Owner(owner, Revoke::One(one)),
        };
        store.revoke(whose, now).await
    }
}
