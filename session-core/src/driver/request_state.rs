use std::any::TypeId;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gate::Gate;
use super::handle::Handle;
use super::nested::Inner;
use super::placed::Placed;
use super::sessions::Sessions;
use crate::http::cookie::Presented;
use crate::{CommitError, Reply, Session, Store};

/// The state that a request's handles and sessions share.
pub(super) struct RequestState {
    pub(super) sessions: Sessions,
    /// The session's name, a marker type.
    pub(super) name: TypeId,
    /// The request around this one, which has another session.
    pub(super) outer: Option<Handle>,
    pub(super) inner: Inner,
    /// The store of a session that travels in its cookie.
    placed: Option<Box<Placed>>,
    slot: Mutex<Slot>,
    /// One load at a time.
    pub(super) loads: Gate,
    /// One commit at a time: two would each replay the other's changes.
    pub(super) commits: Gate,
}

pub(super) enum Slot {
    Unread {
        presented: Presented,
        /// The store has failed to answer, and the response depends on the cookie all the same.
        was_asked: bool,
    },
    Open(Session),
    Finished {
        was_open: bool,
        /// The reply of a request that was abandoned, until it is taken.
        left: Option<Box<Reply>>,
    },
}

/// The remainder of a request that is closed.
pub(super) enum Remainder {
    /// A session to commit.
    Open(Session),
    /// Nothing to commit, but a reply.
    Reply(Reply),
}

impl RequestState {
    pub(super) fn new(
        sessions: Sessions,
        (presented, placed): (Presented, Option<Box<Placed>>),
        name: TypeId,
        outer: Option<Handle>,
    ) -> Self {
        Self {
            sessions,
            name,
            outer,
            inner: Inner::default(),
            placed,
            slot: Mutex::new(Slot::Unread {
                presented,
                was_asked: false,
            }),
            loads: Gate::default(),
            commits: Gate::default(),
        }
    }

    /// Closes the request: the session can no longer be opened or used. Returns it if it is open.
    pub(super) fn close(&self) -> Remainder {
        let mut slot = self.slot();
        let finished = Slot::Finished {
            was_open: slot.is_open_or_was(),
            left: None,
        };
        match std::mem::replace(&mut *slot, finished) {
            Slot::Open(session) => Remainder::Open(session),
            Slot::Unread {
                was_asked: true, ..
            } => {
                let policy = self.sessions.policy();
                Remainder::Reply(Reply::new(policy, None, None, policy.now()))
            }
            Slot::Unread { .. } => Remainder::Reply(Reply::default()),
            Slot::Finished { left, .. } => {
                Remainder::Reply(left.map_or_else(Reply::default, |left| *left))
            }
        }
    }

    /// Closes a request that nobody has asked for its session, as most are; `false` for any other.
    pub(super) fn close_untouched(&self) -> bool {
        let mut slot = self.slot();
        let is_untouched = matches!(
            &*slot,
            Slot::Unread {
                was_asked: false,
                ..
            }
        );
        if is_untouched && self.inner.is_unused() {
            *slot = Slot::Finished {
                was_open: false,
                left: None,
            };
            return true;
        }
        false
    }

    /// Leaves what the next [`close`](Self::close) returns.
    pub(super) fn leave(&self, reply: Reply) {
        if let Slot::Finished { left, .. } = &mut *self.slot() {
            *left = Some(Box::new(reply));
        }
    }

    /// Says whether the request is closed, and nothing of it is left to be told.
    pub(super) fn is_settled(&self) -> bool {
        let is_closed = matches!(&*self.slot(), Slot::Finished { .. });
        is_closed && self.inner.is_unused()
    }

    /// Returns the store that the request asks.
    pub(super) fn store(&self) -> &dyn Store {
        match &self.placed {
            Some(placed) => &**placed,
            None => &*self.sessions.backing.store,
        }
    }

    /// Puts a session that travels in its cookie into the reply.
    pub(super) fn carried(
        &self,
        outcome: Result<Reply, CommitError>,
    ) -> Result<Reply, CommitError> {
        match &self.placed {
            Some(placed) => placed.reply(self.sessions.policy(), outcome),
            None => outcome,
        }
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    pub(super) fn is_open_or_was(&self) -> bool {
        match self {
            Self::Unread { .. } => false,
            Self::Open(_) => true,
            Self::Finished { was_open, .. } => *was_open,
        }
    }
}
