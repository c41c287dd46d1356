use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// Why there is no session, or why working on one failed; the client learns only the status.
///
/// Extractors reject with it, and handlers may return it: `?` makes it of the core's errors. The
/// details go to the log when it becomes a response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No layer has seen the request; 500.
    #[error("no session layer `{name}` is around this handler; is there a SessionLayer?")]
    MissingLayer {
        /// The marker type that the extractor asked for.
        name: &'static str,
    },
    /// An operation on the session failed; see [`SessionError::status`].
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        tracing::error!(error = &self as &dyn std::error::Error, "session rejected");
        match self {
            Self::Session(error) => opaque(&error),
            // The application's mistake, like a session used too late.
            Self::MissingLayer { .. } => opaque(&SessionError::Closed),
        }
    }
}

/// The status of an error, and a body that tells nothing of its cause.
pub(crate) fn opaque(error: &SessionError) -> Response {
    let mut response = Response::new(Body::from(error.public_json()));
    *response.status_mut() =
        StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
