use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::handle::Handle;
use super::request_state::RequestState;
use crate::{CommitError, Reply};

/// The replies of the requests inside of one, as of named layers around one handler.
///
/// What an inner session has acknowledged must reach the browser, also if an outer one fails and
/// answers in place of the response.
#[derive(Default)]
pub(super) struct Inner(OnceLock<Mutex<Vec<Reply>>>);

impl Inner {
    /// Says whether there was never any.
    pub(super) fn is_unused(&self) -> bool {
        self.0.get().is_none()
    }

    fn replies(&self) -> Option<MutexGuard<'_, Vec<Reply>>> {
        let replies = self.0.get()?;
        Some(replies.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Handle {
    /// Returns the handle of the innermost session that is named `M`, among this request's and those
    /// around it.
    #[must_use]
    pub fn named<M: 'static>(&self) -> Option<&Self> {
        let mut handle = Some(self);
        while let Some(candidate) = handle {
            if candidate.0.name == std::any::TypeId::of::<M>() {
                break;
            }
            handle = candidate.0.outer.as_ref();
        }
        handle
    }
}

impl RequestState {
    /// Adds the inner replies to a reply, and tells the request around this one.
    pub(super) fn gather(&self, reply: Reply) -> Reply {
        let reply = if self.has_outage() {
            reply.in_outage()
        } else {
            reply
        };
        let reply = match self.inner.replies() {
            Some(mut inner) => reply.beside(std::mem::take(&mut *inner)),
            None => reply,
        };
        if let Some(Handle(outer)) = &self.outer
            && reply.has_headers()
        {
            outer.inner.0.get_or_init(Mutex::default);
            if let Some(mut replies) = outer.inner.replies() {
                replies.push(reply.clone());
            }
        }
        reply
    }

    /// The same for a commit's outcome.
    pub(super) fn gathered(
        &self,
        outcome: Result<Reply, CommitError>,
    ) -> Result<Reply, CommitError> {
        match outcome {
            Ok(reply) => Ok(self.gather(reply)),
            Err(failed) => {
                let (error, reply) = failed.into_parts();
                Err(CommitError::new(error, self.gather(reply)))
            }
        }
    }
}
