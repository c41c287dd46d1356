use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// The reason why a session is missing or failed; the client learns only the status.
///
/// Extractors reject with it, and handlers may return it: `?` converts the core's errors. The
/// details go to the log when it becomes a response. A handler outside of a layer gets
/// [`SessionError::NotAttached`].
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Rejection(#[from] pub SessionError);

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let (status, json) = self.0.opaque();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, "application/json")], json).into_response()
    }
}
