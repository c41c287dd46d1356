use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Request, Response};

/// The reason why there is no response, or no server.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A running application.
#[async_trait]
pub trait App: Debug + Send + Sync {
    /// Sends one request and returns the complete response.
    ///
    /// Requests overlap, so the implementation must not queue them. Header values are bytes. An
    /// error means that the server closed the connection without an answer.
    async fn send(&self, request: Request) -> Result<Response, BoxError>;

    /// Sends one request and closes the connection without waiting for the response.
    ///
    /// By default this fails, for an application without connections; the cases that need it are
    /// [`NEED_CONNECTIONS`](super::NEED_CONNECTIONS).
    async fn abort(&self, request: Request, hangup: Hangup) -> Result<(), BoxError> {
        let _ = (request, hangup);
        Err("there are no connections".into())
    }
}

/// A way of leaving in mid-request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a client handles each case")]
pub enum Hangup {
    /// The client closes the connection (FIN), as a browser whose tab is closed.
    Close,
    /// The client closes its sending half (FIN) and reads on, as some simple clients do.
    HalfClose,
    /// The client resets the connection (RST), as a killed process or a broken network does.
    Reset,
}

/// A starter of applications.
#[async_trait]
pub trait Server: Debug + Send + Sync {
    /// Starts the application with these flags in addition to your own.
    ///
    /// It ends when it is dropped. Overlapping cases do not disturb each other, so the same flags may
    /// return the same application again.
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError>;
}
