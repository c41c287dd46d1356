use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// The reason why a session is missing or failed; the client learns only the status.
///
/// Extractors reject with it, a session's operations fail with it, and handlers may return it: `?` converts the core's errors. The
/// details go to the log when it becomes a response. A handler outside of a layer gets
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

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let failure = self.0.failure();
        let status = StatusCode::from_u16(failure.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = [(CONTENT_TYPE, "application/json")];
        let mut response = (status, json, failure.json()).into_response();
        // For the layer, which tells the policy's observer and renders the error.
        response.extensions_mut().insert(failure);
        response
    }
}
