use rocket::Request;
use rocket::http::Status;
use rocket::response::{self, Responder};
use session_core::{SessionError, StoreError};
use thiserror::Error;

use crate::catcher::Answer;

/// The reason why a session is missing or failed; the client learns only the status.
///
/// Guards and a session's operations fail with it, and handlers may return it: `?` converts the core's errors. The
/// details go to the log. A guard whose fairing is missing fails with
/// [`SessionError::NotAttached`].
#[derive(Debug, Error)]
#[error(transparent)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is the one error in another type"
)]
pub struct Rejection(#[from] pub SessionError);

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(Answer::new::<()>(request, &self.0).respond())
    }
}

/// For handlers that return a status and leave the answer to a catcher.
impl From<Rejection> for Status {
    fn from(rejection: Rejection) -> Self {
        Self::new(rejection.0.opaque().0)
    }
}
