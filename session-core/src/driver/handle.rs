use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::drive::RequestSession;
use super::request_state::{RequestState, Slot};
use super::sessions::Sessions;
use crate::protocol::exchange::{Exchange, Opened};
use crate::protocol::unread::Unread;
use crate::{Carrier, Policy, Session, SessionError, StoreError};

/// One request's session, before and after it is loaded; clones are the same.
///
/// An adapter puts it where extractors look. A request that never loads it costs nothing. What ends
/// the request is on [`Request`](crate::Request), which adapters keep to themselves.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<RequestState>);

/// What a request asks its session for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To read and to write; it is activity.
    Usually,
    /// To read only, and nothing is written.
    Calmly,
}

impl Handle {
    /// Returns the session, which is loaded once however often this is called.
    ///
    /// # Errors
    ///
    /// The store failed (the next call tries again), the response has begun, or a session around this one
    /// travels as a [bearer](crate::Carrier) too.
    pub async fn load(&self) -> Result<RequestSession, SessionError> {
        let _gate = match self.0.loads.try_enter() {
            Some(gate) => gate,
            None => match self.peek() {
                Some(session) => return Ok(session),
                None => self.0.loads.enter().await,
            },
        };
        self.open(Asked::Usually).await
    }

    /// Loads the session, unless it is open; the caller has the gate.
    pub(super) async fn open(&self, asked: Asked) -> Result<RequestSession, SessionError> {
        let mut question = match self.begin(asked) {
            ControlFlow::Continue(question) => question,
            ControlFlow::Break(answer) => return answer,
        };
        loop {
            let now = self.policy().now();
            let found = self.0.store().load(question.key(), question.secret(), now);
            let key = *question.key();
            let failed = |error: StoreError| match asked {
                // Then it is told as upkeep.
                Asked::Calmly => error.into(),
                Asked::Usually => {
                    let session = Some(key.public_id());
                    self.policy().failed_at(error.into(), session, None)
                }
            };
            let mut found = found.await.map_err(failed)?;
            question.absence = self.0.absence();
            if let Some(settled) = question.take(&mut found, now) {
                return self.opened(question.open(settled), asked);
            }
        }
    }

    /// Returns the question to the store, or the answer that needs none: the browser has presented
    /// nothing, or another task was faster.
    fn begin(&self, asked: Asked) -> ControlFlow<Result<RequestSession, SessionError>, Unread> {
        let mut slot = self.0.slot();
        if asked == Asked::Usually {
            slot.use_it();
        }
        let presented = match &mut *slot {
            Slot::Unread {
                presented,
                was_asked,
            } => {
                if let Err(error) = self.0.check_bearers() {
                    return ControlFlow::Break(Err(error));
                }
                *was_asked = true;
                presented.clone()
            }
            Slot::Open(session) | Slot::Calm(session) => {
                return ControlFlow::Break(Ok(self.joined(session.clone())));
            }
            Slot::Finished { .. } => return ControlFlow::Break(Err(SessionError::Finished)),
        };
        drop(slot);
        match Exchange::begin(Arc::clone(self.policy()), presented) {
            Exchange::Open(opened) => ControlFlow::Break(self.opened(opened, asked)),
            Exchange::Unread(question) => ControlFlow::Continue(question),
        }
    }

    fn opened(&self, opened: Opened, asked: Asked) -> Result<RequestSession, SessionError> {
        let mut slot = self.0.slot();
        match &*slot {
            // Destroyed without a load, or finished, while we were asking.
            Slot::Open(other) | Slot::Calm(other) => Ok(self.joined(other.clone())),
            Slot::Finished { .. } => Err(SessionError::Finished),
            Slot::Unread { .. } => {
                let session = opened.into_session();
                *slot = match asked {
                    Asked::Usually => Slot::Open(session.clone()),
                    Asked::Calmly => Slot::Calm(session.clone()),
                };
                Ok(self.joined(session))
            }
        }
    }

    /// Returns the session if it is loaded already; for code that cannot wait.
    #[must_use]
    pub fn peek(&self) -> Option<RequestSession> {
        let mut slot = self.0.slot();
        slot.use_it();
        match &*slot {
            Slot::Open(session) => Some(self.joined(session.clone())),
            Slot::Unread { .. } | Slot::Calm(_) | Slot::Finished { .. } => None,
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
        self.0.slot().is_open_or_was()
    }

    /// Returns by what the request comes to its session; see [`Session::carrier`].
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        if self.0.is_bearers {
            Carrier::Bearer
        } else {
            Carrier::Cookie
        }
    }

    /// Destroys the session without loading it: a logout costs one delete.
    ///
    /// # Errors
    ///
    /// The response has begun, or as [`load`](Self::load) two sessions travel as bearers.
    pub fn destroy(&self) -> Result<(), SessionError> {
        self.0.check_bearers()?;
        let mut slot = self.0.slot();
        slot.use_it();
        let presented = match &mut *slot {
            Slot::Open(session) | Slot::Calm(session) => return session.destroy(),
            Slot::Finished { .. } => return Err(SessionError::Finished),
            Slot::Unread { presented, .. } => std::mem::take(presented),
        };
        let opened = Exchange::begin(Arc::clone(self.policy()), presented).destroy();
        *slot = Slot::Open(opened.into_session());
        Ok(())
    }

    /// Returns the sessions that this request belongs to.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    fn joined(&self, session: Session) -> RequestSession {
        RequestSession::new(session, Arc::clone(&self.0))
    }

    pub(super) fn policy(&self) -> &Arc<Policy> {
        self.0.policy()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.0.slot() {
            Slot::Unread { .. } => "unread",
            Slot::Open(_) => "open",
            Slot::Calm(_) => "calm",
            Slot::Finished { .. } => "finished",
        };
        write!(f, "Handle({state})")
    }
}
