use std::io::Cursor;

use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};
use session_core::{SessionError, StoreError};
use thiserror::Error;

/// Why there is no session, or why working on one failed; the client learns only the status.
///
/// Guards fail with it, and handlers may return it: `?` makes it of the core's errors. The
/// details go to the log.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The fairing of this name is not attached; 500.
    #[error("no session fairing `{name}` is attached; is there a SessionFairing?")]
    MissingFairing {
        /// The marker type that the guard asked for.
        name: &'static str,
    },
    /// An operation on the session failed; see [`SessionError::status`].
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Rejection {
    /// Returns the status of the response that it becomes.
    #[must_use]
    pub fn status(&self) -> Status {
        Status::new(self.error().status())
    }

    pub(crate) fn log(&self) {
        tracing::error!(error = self as &dyn std::error::Error, "session rejected");
    }

    pub(crate) fn error(&self) -> &SessionError {
        match self {
            Self::Session(error) => error,
            // The application's mistake, like a session used too late.
            Self::MissingFairing { .. } => &SessionError::Closed,
        }
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        Self::Session(error.into())
    }
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        self.log();
        Ok(opaque(self.status(), self.error().public_json()))
    }
}

/// A response that tells nothing of the cause.
pub(crate) fn opaque<'r>(status: Status, json: &'static str) -> Response<'r> {
    Response::build()
        .status(status)
        .header(ContentType::JSON)
        .sized_body(json.len(), Cursor::new(json))
        .finalize()
}
