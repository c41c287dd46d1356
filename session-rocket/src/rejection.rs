use rocket::Request;
use rocket::http::Status;
use rocket::response::content::RawJson;
use rocket::response::{self, Responder};
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// The reason why a session is missing or failed; the client learns only the status.
///
/// Guards fail with it, and handlers may return it: `?` converts the core's errors. The
/// details go to the log. A guard whose fairing is missing fails with
/// [`SessionError::NotAttached`].
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Rejection(#[from] pub SessionError);

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (status, json) = self.0.opaque();
        (Status::new(status), RawJson(json)).respond_to(request)
    }
}
