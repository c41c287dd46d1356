use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contention::Backing;
use super::drive::RequestSession;
use super::sessions::Sessions;
use crate::http::cookie::Presented;
use crate::protocol::exchange::Exchange;
use crate::{Policy, Reply, Session, SessionError};

/// One request's session, before and after it is loaded; clones are the same.
///
/// An adapter puts it where extractors look. A request that never loads it costs nothing. What ends
/// the request is on [`Request`](crate::Request), which adapters keep to themselves.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    slot: Mutex<Slot>,
    /// One load at a time.
    loads: async_lock::Mutex<()>,
    /// One commit at a time: two would each replay the other's changes.
    commits: async_lock::Mutex<()>,
}

enum Slot {
    Unread {
        presented: Presented,
        /// The store has failed to answer, and the response depends on the cookie all the same.
        was_asked: bool,
    },
    Open(Session),
    Finished {
        was_open: bool,
        /// What is still to be told of a request that was abandoned.
        reply: Reply,
    },
}

/// The remainder of a request that is closed.
pub(super) enum Closed {
    /// A session to commit.
    Open(RequestSession),
    /// Nothing to commit, but a reply.
    Reply(Reply),
}

impl Handle {
    pub(super) fn new(sessions: Sessions, presented: Presented) -> Self {
        Self(Arc::new(Shared {
            sessions,
            slot: Mutex::new(Slot::Unread {
                presented,
                was_asked: false,
            }),
            loads: async_lock::Mutex::new(()),
            commits: async_lock::Mutex::new(()),
        }))
    }

    /// Returns the session, which is loaded once however often this is called.
    ///
    /// # Errors
    ///
    /// The store failed (the next call tries again), or the response has begun.
    pub async fn load(&self) -> Result<RequestSession, SessionError> {
        if let Some(session) = self.peek() {
            return Ok(session);
        }
        let _gate = self.0.loads.lock().await;
        let presented = match &mut *self.slot() {
            Slot::Unread {
                presented,
                was_asked,
            } => {
                *was_asked = true;
                presented.clone()
            }
            Slot::Open(session) => return Ok(self.joined(session)),
            Slot::Finished { .. } => return Err(SessionError::Finished),
        };
        let (policy, store) = (self.policy(), self.sessions().store());
        let mut exchange = Exchange::begin(Arc::clone(policy), presented);
        let opened = loop {
            match exchange {
                Exchange::Open(opened) => break opened,
                Exchange::Unread(question) => {
                    let now = policy.now();
                    let (key, secret) = (question.key(), question.secret());
                    let found = store.load(key, secret, now).await?;
                    exchange = question.answer(found, now);
                }
            }
        };
        let mut slot = self.slot();
        match &*slot {
            // Destroyed without a load, or finished, while we were asking.
            Slot::Open(other) => Ok(self.joined(other)),
            Slot::Finished { .. } => Err(SessionError::Finished),
            Slot::Unread { .. } => {
                let session = self.joined(opened.session());
                *slot = Slot::Open(opened.session().clone());
                Ok(session)
            }
        }
    }

    /// Returns the session if it is loaded already; for code that cannot wait.
    #[must_use]
    pub fn peek(&self) -> Option<RequestSession> {
        match &*self.slot() {
            Slot::Open(session) => Some(self.joined(session)),
            Slot::Unread { .. } | Slot::Finished { .. } => None,
        }
    }

    /// Says whether the request has used its session, so that its response depends on the cookie;
    /// Django's `accessed`.
    ///
    /// True once the session was loaded or destroyed, and also after the response.
    ///
    /// ```
    /// # use session_core::{Handle, SessionError};
    /// # async fn example(handle: Handle) -> Result<(), SessionError> {
    /// assert!(!handle.is_loaded());
    /// handle.load().await?.get::<u32>("hits")?;
    /// assert!(handle.is_loaded());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.slot().is_open_or_was()
    }

    /// Destroys the session without loading it: a logout costs one delete.
    ///
    /// # Errors
    ///
    /// The response has begun.
    pub fn destroy(&self) -> Result<(), SessionError> {
        let mut slot = self.slot();
        let presented = match &mut *slot {
            Slot::Open(session) => return session.destroy(),
            Slot::Finished { .. } => return Err(SessionError::Finished),
            Slot::Unread { presented, .. } => std::mem::take(presented),
        };
        let opened = Exchange::begin(Arc::clone(self.policy()), presented).destroy();
        *slot = Slot::Open(opened.session().clone());
        Ok(())
    }

    /// Returns the sessions that this request belongs to.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Closes the request: the session can no longer be opened or used. Returns it if it is open.
    pub(super) fn close(&self) -> Closed {
        let mut slot = self.slot();
        let was_open = slot.is_open_or_was();
        let finished = Slot::Finished {
            was_open,
            reply: Reply::default(),
        };
        match std::mem::replace(&mut *slot, finished) {
            Slot::Open(session) => Closed::Open(self.joined(&session)),
            Slot::Unread {
                was_asked: true, ..
            } => {
                let policy = self.policy();
                Closed::Reply(Reply::new(policy, None, None, policy.now()))
            }
            Slot::Unread { .. } => Closed::Reply(Reply::default()),
            Slot::Finished { reply, .. } => Closed::Reply(reply),
        }
    }

    /// Leaves what the next [`close`](Self::close) returns.
    pub(super) fn leave(&self, left: Reply) {
        if let Slot::Finished { reply, .. } = &mut *self.slot() {
            *reply = left;
        }
    }

    pub(super) fn backing(&self) -> &Backing {
        &self.0.sessions.backing
    }

    pub(super) fn commits(&self) -> &async_lock::Mutex<()> {
        &self.0.commits
    }

    fn joined(&self, session: &Session) -> RequestSession {
        RequestSession::new(session.clone(), self.clone())
    }

    fn policy(&self) -> &Arc<Policy> {
        self.0.sessions.policy()
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn is_open_or_was(&self) -> bool {
        match self {
            Self::Unread { .. } => false,
            Self::Open(_) => true,
            Self::Finished { was_open, .. } => *was_open,
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.slot() {
            Slot::Unread { .. } => "unread",
            Slot::Open(_) => "open",
            Slot::Finished { .. } => "finished",
        };
        write!(f, "Handle({state})")
    }
}
