use std::any::TypeId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::gate::Gate;
use super::handle::Handle;
use super::legacy::Adopting;
use super::nested::Inner;
use super::placed::Placed;
use super::sessions::Sessions;
use crate::http::cookie::Presented;
use crate::protocol::unread::Absence;
use crate::{Carrier, CommitError, Policy, Reply, Session, SessionError, Store};

/// The state that a request's handles and sessions share.
pub(super) struct RequestState {
    pub(super) sessions: Sessions,
    /// The session's name, a marker type.
    pub(super) name: TypeId,
    /// The request around this one, which has another session.
    pub(super) outer: Option<Handle>,
    pub(super) inner: Inner,
    /// Whether the request came with `Authorization: Bearer`.
    pub(super) is_bearers: bool,
    own: OwnStore,
    slot: Mutex<Slot>,
    /// A calm session was served without the store, which may answer by now.
    has_outage: AtomicBool,
    /// One load at a time.
    pub(super) loads: Gate,
    /// One commit at a time: two would each replay the other's changes.
    pub(super) commits: Gate,
}

/// The request's own store, in place or in front of everybody's.
pub(super) enum OwnStore {
    None,
    /// That of a session that travels in its cookie.
    Placed(Box<Placed>),
    /// One that adopts another library's session before it is looked for.
    Adopting(Box<Adopting>),
}

pub(super) enum Slot {
    Unread {
        presented: Presented,
        /// The store has failed to answer, and the response depends on the cookie all the same.
        was_asked: bool,
    },
    Open(Session),
    /// Open, and so far only for reading.
    Calm(Session),
    Finished {
        was_open: bool,
        /// The reply of a request that was abandoned, until it is taken.
        left: Option<Box<Reply>>,
    },
}

/// The remainder of a request that is closed.
pub(super) enum Remainder {
    /// Nothing: nobody has asked for the session.
    Nothing,
    /// A session to commit.
    Open(Session),
    /// Nothing to commit, but a reply.
    Reply(Reply),
}

impl RequestState {
    pub(super) fn new(
        sessions: Sessions,
        (presented, own): (Presented, OwnStore),
        name: TypeId,
        outer: Option<Handle>,
        is_bearers: bool,
    ) -> Self {
        Self {
            sessions,
            name,
            outer,
            inner: Inner::default(),
            is_bearers,
            own,
            slot: Mutex::new(Slot::Unread {
                presented,
                was_asked: false,
            }),
            has_outage: AtomicBool::new(false),
            loads: Gate::default(),
            commits: Gate::default(),
        }
    }

    /// Closes the request: the session can no longer be opened or used. Returns it if it is open.
    pub(super) fn close(&self) -> Remainder {
        let mut slot = self.slot();
        let is_untouched = matches!(
            &*slot,
            Slot::Unread {
                was_asked: false,
                ..
            }
        );
        if is_untouched && self.inner.is_unused() {
            // As of most requests; nothing is moved.
            *slot = Slot::Finished {
                was_open: false,
                left: None,
            };
            return Remainder::Nothing;
        }
        let finished = Slot::Finished {
            was_open: slot.is_open_or_was(),
            left: None,
        };
        match std::mem::replace(&mut *slot, finished) {
            Slot::Open(session) => Remainder::Open(session),
            Slot::Calm(session) => {
                let reply = session.0.close_calm(self.policy().now());
                Remainder::Reply(match &self.own {
                    OwnStore::Adopting(adopting) => adopting.forgotten(reply),
                    OwnStore::None | OwnStore::Placed(_) => reply,
                })
            }
            Slot::Unread {
                was_asked: true, ..
            } => {
                let policy = self.policy();
                Remainder::Reply(Reply::new(policy, None, None, policy.now()))
            }
            Slot::Unread { .. } => Remainder::Reply(Reply::default()),
            Slot::Finished { left, .. } => {
                Remainder::Reply(left.map_or_else(Reply::default, |left| *left))
            }
        }
    }

    /// Remembers that a calm session was served without the store.
    pub(super) fn note_outage(&self) {
        self.has_outage.store(true, Ordering::Relaxed);
    }

    /// Says whether one was, and nothing has been loaded since.
    pub(super) fn is_in_outage(&self) -> bool {
        self.has_outage() && matches!(&*self.slot(), Slot::Unread { .. })
    }

    /// Says whether the response may show a session that was served without the store, whatever came after it.
    pub(super) fn has_outage(&self) -> bool {
        self.has_outage.load(Ordering::Relaxed)
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

    /// Returns the policy of the request's carrier.
    pub(super) fn policy(&self) -> &Arc<Policy> {
        let policy = self.sessions.policy();
        if self.is_bearers {
            policy.of_bearers()
        } else {
            policy
        }
    }

    /// Refuses a request two of whose sessions would read the same `Authorization`.
    pub(super) fn check_bearers(&self) -> Result<(), SessionError> {
        let has_bearers = |state: &Self| state.sessions.policy().carrier != Carrier::Cookie;
        if has_bearers(self) {
            let mut outer = self.outer.as_ref();
            while let Some(Handle(state)) = outer {
                if has_bearers(state) {
                    return Err(SessionError::TwoBearers);
                }
                outer = state.outer.as_ref();
            }
        }
        Ok(())
    }

    /// Returns the store that the request asks.
    pub(super) fn store(&self) -> &dyn Store {
        match &self.own {
            OwnStore::None => &*self.sessions.backing.store,
            OwnStore::Placed(placed) => &**placed,
            OwnStore::Adopting(adopting) => &**adopting,
        }
    }

    /// Returns why the last load has found nothing.
    #[inline]
    pub(super) fn absence(&self) -> Absence {
        match &self.own {
            OwnStore::Placed(placed) => placed.absence(),
            OwnStore::None | OwnStore::Adopting(_) => Absence::Unknown,
        }
    }

    /// Puts a session that travels in its cookie into the reply; or removes the cookie of one that was adopted.
    pub(super) fn carried(
        &self,
        outcome: Result<Reply, CommitError>,
    ) -> Result<Reply, CommitError> {
        match &self.own {
            OwnStore::None => outcome,
            OwnStore::Placed(placed) => placed.reply(self.sessions.policy(), outcome),
            OwnStore::Adopting(adopting) => match outcome {
                Ok(reply) => Ok(adopting.forgotten(reply)),
                Err(failed) => {
                    let (error, reply) = failed.into_parts();
                    Err(CommitError::new(error, adopting.forgotten(reply)))
                }
            },
        }
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Makes of a session that was only read a usual one.
    #[inline]
    pub(super) fn use_it(&mut self) {
        if let Self::Calm(session) = self {
            *self = Self::Open(session.clone());
        }
    }

    pub(super) fn is_open_or_was(&self) -> bool {
        match self {
            Self::Unread { .. } => false,
            Self::Open(_) | Self::Calm(_) => true,
            Self::Finished { was_open, .. } => *was_open,
        }
    }
}
