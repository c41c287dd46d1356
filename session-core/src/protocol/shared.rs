use std::sync::{Arc, Mutex};

use super::data::Data;
use super::locked::Locked;
use super::standing::Stored;
use super::state::State;
use crate::http::reply::Loss;
use crate::{Event, EventKind, Moment, Policy, Reason, Reply, SessionError, ValueError};

/// The state behind a session's clones and behind the exchange that it belongs to.
pub(crate) struct Shared {
    pub(crate) policy: Arc<Policy>,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(policy: Arc<Policy>, base: Option<Arc<Stored>>, data: Data) -> Arc<Self> {
        Arc::new(Self {
            policy,
            state: Mutex::new(State::new(base, data)),
        })
    }

    #[inline]
    pub(crate) fn state(&self) -> Locked<'_> {
        Locked::of(&self.state)
    }

    #[inline]
    pub(crate) fn writable(&self) -> Result<Locked<'_>, SessionError> {
        let state = self.writable_even_if_gone()?;
        match state.loss {
            Some(Loss::Gone) => Err(SessionError::Gone),
            Some(Loss::Superseded) => Err(SessionError::Superseded),
            None => Ok(state),
        }
    }

    #[inline]
    pub(crate) fn writable_even_if_gone(&self) -> Result<Locked<'_>, SessionError> {
        let state = self.state();
        if state.is_finished {
            return Err(SessionError::Finished);
        }
        Ok(state)
    }

    /// Tells of a value that is too large, or makes the session so.
    #[inline]
    pub(crate) fn judged(
        &self,
        state: Locked<'_>,
        set: Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        if let Err(error) = &set
            && error.is_too_large()
        {
            self.tell(state, EventKind::OverLimit, error);
        }
        set
    }

    /// The same for one that was computed without the lock.
    #[cold]
    pub(crate) fn misfit(&self, error: ValueError) -> SessionError {
        let error = SessionError::from(error);
        if error.is_too_large() {
            self.tell(self.state(), EventKind::OverLimit, &error);
        }
        error
    }

    /// Tells of an error of an operation; without the lock, because observers are foreign.
    #[cold]
    pub(crate) fn tell(&self, state: Locked<'_>, kind: EventKind, error: &SessionError) {
        let session = state.visible().map(|stored| stored.key.public_id());
        let owner = state.owner().cloned();
        drop(state);
        let event = Event::new(kind, self.policy.now()).of(session);
        let event = event.owned_by(owner.as_deref());
        self.policy.tell(event.because(Reason::Error(error)));
    }

    /// Refuses writes from now on, because the response begins or the request is given up.
    pub(crate) fn close(&self) {
        self.state().is_finished = true;
    }

    pub(crate) fn reply(&self, now: Moment) -> Reply {
        self.reply_of(&self.state(), now)
    }

    #[inline]
    pub(crate) fn reply_of(&self, state: &State, now: Moment) -> Reply {
        let reply = Reply::new(&self.policy, state.cookie(), state.loss, now);
        let reply = reply.after_logout(&self.policy, state.has_logged_out);
        reply.for_owner(&self.policy, state.had_owner || state.owner().is_some())
    }
}
