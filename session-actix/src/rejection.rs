use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// The reason why a session is missing or failed; the client learns only the status.
///
/// Extractors reject with it, a session's operations fail with it, and handlers may return it: `?` converts the core's errors. The
/// details go to the log when it becomes a response. A handler outside of the middleware
/// gets [`SessionError::NotAttached`].
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

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let failure = self.0.failure();
        let mut response = HttpResponse::build(self.status_code());
        let mut response = response
            .content_type(ContentType::json())
            .body(failure.json());
        // For the middleware, which tells the policy's observer and renders the error.
        response.extensions_mut().insert(failure);
        response
    }
}
