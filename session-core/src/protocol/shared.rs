use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::data::Data;
use super::standing::Stored;
use super::state::State;
use crate::http::reply::Loss;
use crate::{Policy, Reply, SessionError};

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

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if something did, the state is whole all the same.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn writable(&self) -> Result<MutexGuard<'_, State>, SessionError> {
        let state = self.writable_even_if_gone()?;
        match state.loss {
            Some(Loss::Gone) => Err(SessionError::Gone),
            Some(Loss::Superseded) => Err(SessionError::Superseded),
            None => Ok(state),
        }
    }

    pub(crate) fn writable_even_if_gone(&self) -> Result<MutexGuard<'_, State>, SessionError> {
        let state = self.state();
        if state.is_finished {
            return Err(SessionError::Finished);
        }
        Ok(state)
    }

    /// Refuses writes from now on, because the response begins or the request is given up.
    pub(crate) fn close(&self) {
        self.state().is_finished = true;
    }

    pub(crate) fn reply(&self, now: OffsetDateTime) -> Reply {
        self.reply_of(&self.state(), now)
    }

    pub(crate) fn reply_of(&self, state: &State, now: OffsetDateTime) -> Reply {
        Reply::new(&self.policy, state.cookie(), state.loss, now)
    }
}
