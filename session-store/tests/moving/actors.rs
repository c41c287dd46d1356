//! What a node does with ada's session.

use session_core::{
    Command, Cursor, Only, Outcome, Record, Revision, Revoke, Store as _, StoreError, Whose,
};
use session_store::Moving;
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    Move,
    Touch,
    TouchPreparing,
    Replace,
    ReplacePreparing,
    /// By the session's secret, as without a load before.
    Logout,
    LogoutPreparing,
    Delete,
    Revoke,
    /// By a record that is over.
    End,
    Load,
    LoadPreparing,
}

/// What the node was told.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Wrote(Outcome),
    Found(Box<Option<Record>>),
    Done,
    Failed,
}

impl Act {
    pub(crate) fn is_preparing(self) -> bool {
        matches!(
            self,
            Self::TouchPreparing
                | Self::ReplacePreparing
                | Self::LogoutPreparing
                | Self::LoadPreparing
        )
    }

    pub(crate) fn replaces(self) -> bool {
        matches!(self, Self::Replace | Self::ReplacePreparing)
    }

    pub(crate) fn touches(self) -> bool {
        matches!(self, Self::Touch | Self::TouchPreparing)
    }

    pub(crate) fn ends(self) -> bool {
        matches!(
            self,
            Self::Logout | Self::LogoutPreparing | Self::Delete | Self::Revoke | Self::End
        )
    }

    pub(crate) async fn run(self, store: &Moving, actor: usize) -> Told {
        self.try_run(store, actor).await.unwrap_or(Told::Failed)
    }

    async fn try_run(self, store: &Moving, actor: usize) -> Result<Told, StoreError> {
        let (key, now) = (&key_of(1), moment_at(1));
        let first = Revision::from_i64(1);
        let replaced = changed!(hers(written_by(actor)), expires = moment_at(200));
        let over = changed!(hers(written_by(actor)), expires = now);
        let secret = digest_of(0);
        let replace = |record| Command::Replace {
            key,
            expected: first,
            record,
        };
        let command = match self {
            Self::Move => {
                let moved = store.move_batch(&Cursor::default(), 10, now).await?;
                return Ok(moved.trouble.map_or(Told::Done, |_| Told::Failed));
            }
            Self::Load | Self::LoadPreparing => {
                return store
                    .load(key, &secret, now)
                    .await
                    .map(|found| Told::Found(Box::new(found)));
            }
            Self::Revoke => {
                let whose = Whose::Owner("ada", Revoke::All);
                return store.revoke(whose, now).await.map(|_| Told::Done);
            }
            Self::Touch | Self::TouchPreparing => Command::Touch {
                key,
                expected: first,
                seen: now,
                expires: moment_at(300),
            },
            Self::Replace | Self::ReplacePreparing => replace(&replaced),
            Self::End => replace(&over),
            Self::Logout | Self::LogoutPreparing => Command::Delete {
                key,
                only: Only::Opened(&secret),
            },
            Self::Delete => Command::Delete {
                key,
                only: Only::Always,
            },
        };
        store.write(command, now).await.map(Told::Wrote)
    }
}

/// The revision that an actor writes.
pub(crate) fn written_by(actor: usize) -> u32 {
    u32::try_from(actor).unwrap() + 10
}

/// Returns ada's session after the write of a revision.
pub(crate) fn hers(revision: u32) -> Record {
    changed!(record_of(revision), owner = Some("ada".into()))
}
