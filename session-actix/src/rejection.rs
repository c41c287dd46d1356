use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// Why there is no session, or why working on one failed; the client learns only the status.
///
/// Extractors reject with it, and handlers may return it: `?` makes it of the core's errors. The
/// details go to the log when it becomes a response.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// No middleware has seen the request; 500.
    #[error("no session middleware `{name}` is around this handler; is there a SessionMiddleware?")]
    MissingMiddleware {
        /// The marker type that the extractor asked for.
        name: &'static str,
    },
    /// An operation on the session failed; see [`SessionError::status`].
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Rejection {
    fn public(&self) -> &SessionError {
        match self {
            Self::Session(error) => error,
            // The application's mistake, like a session used too late.
            Self::MissingMiddleware { .. } => &SessionError::Closed,
        }
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.public().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        tracing::error!(error = self as &dyn std::error::Error, "session rejected");
        let body = BoxBody::new(self.public().public_json());
        let mut response = HttpResponse::with_body(self.status_code(), body);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
