use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::drive::RequestSession;
use super::request_state::{RequestState, Slot};
use super::sessions::Sessions;
use crate::protocol::exchange::{Exchange, Opened, Unread};
use crate::{Policy, Session, SessionError};

/// One request's session, before and after it is loaded; clones are the same.
///
/// An adapter puts it where extractors look. A request that never loads it costs nothing. What ends
/// the request is on [`Request`](crate::Request), which adapters keep to themselves.
#[derive(Clone)]
pub struct Handle(pub(super) Arc<RequestState>);

impl Handle {
    /// Returns the session, which is loaded once however often this is called.
    ///
    /// # Errors
    ///
    /// The store failed (the next call tries again), or the response has begun.
    pub async fn load(&self) -> Result<RequestSession, SessionError> {
        if let Some(session) = self.peek() {
            return Ok(session);
        }
        let _gate = self.0.loads.enter().await;
        let mut question = match self.begin() {
            ControlFlow::Continue(question) => question,
            ControlFlow::Break(answer) => return answer,
        };
        loop {
            let now = self.policy().now();
            let found = self.0.store().load(question.key(), question.secret(), now);
            if let Some(opened) = question.take(found.await?, now) {
                return self.opened(opened);
            }
        }
    }

    /// Returns the question to the store, or the answer that needs none: the browser has presented
    /// nothing, or another task was faster.
    fn begin(&self) -> ControlFlow<Result<RequestSession, SessionError>, Unread> {
        let presented = match &mut *self.0.slot() {
            Slot::Unread {
                presented,
                was_asked,
            } => {
                *was_asked = true;
                presented.clone()
            }
            Slot::Open(session) => return ControlFlow::Break(Ok(self.joined(session.clone()))),
            Slot::Finished { .. } => return ControlFlow::Break(Err(SessionError::Finished)),
        };
        match Exchange::begin(Arc::clone(self.policy()), presented) {
            Exchange::Open(opened) => ControlFlow::Break(self.opened(opened)),
            Exchange::Unread(question) => ControlFlow::Continue(question),
        }
    }

    fn opened(&self, opened: Opened) -> Result<RequestSession, SessionError> {
        let mut slot = self.0.slot();
        match &*slot {
            // Destroyed without a load, or finished, while we were asking.
            Slot::Open(other) => Ok(self.joined(other.clone())),
            Slot::Finished { .. } => Err(SessionError::Finished),
            Slot::Unread { .. } => {
                let session = opened.into_session();
                *slot = Slot::Open(session.clone());
                Ok(self.joined(session))
            }
        }
    }

    /// Returns the session if it is loaded already; for code that cannot wait.
    #[must_use]
    pub fn peek(&self) -> Option<RequestSession> {
        match &*self.0.slot() {
            Slot::Open(session) => Some(self.joined(session.clone())),
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
        self.0.slot().is_open_or_was()
    }

    /// Destroys the session without loading it: a logout costs one delete.
    ///
    /// # Errors
    ///
    /// The response has begun.
    pub fn destroy(&self) -> Result<(), SessionError> {
        let mut slot = self.0.slot();
        let presented = match &mut *slot {
            Slot::Open(session) => return session.destroy(),
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

    fn policy(&self) -> &Arc<Policy> {
        self.0.sessions.policy()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &*self.0.slot() {
            Slot::Unread { .. } => "unread",
            Slot::Open(_) => "open",
            Slot::Finished { .. } => "finished",
        };
        write!(f, "Handle({state})")
    }
}
