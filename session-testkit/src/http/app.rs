use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Request, Response};

/// Why there is no response, or no server.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A running application.
#[async_trait]
pub trait App: Debug + Send + Sync {
    /// Sends one request and returns the whole response.
    ///
    /// Requests overlap, so it must not send one after the other. Header values are bytes. An
    /// error means that the server closed the connection without an answer.
    async fn send(&self, request: Request) -> Result<Response, BoxError>;

    /// Sends one request and closes the connection without waiting for the response.
    ///
    /// An application without connections fails, which is what this does by itself; the cases that
    /// ask for it are [`NEED_CONNECTIONS`](super::NEED_CONNECTIONS).
    async fn abort(&self, request: Request, hangup: Hangup) -> Result<(), BoxError> {
        let _ = (request, hangup);
        Err("there are no connections".into())
    }
}

/// How a client leaves in mid-request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hangup {
    /// It closes the connection (FIN), as a browser whose tab is closed.
    Close,
    /// It closes its sending half (FIN) and reads on, as some simple clients do.
    HalfClose,
    /// It resets the connection (RST), as a process that is killed or a network that gives up.
    Reset,
}

/// What starts applications.
#[async_trait]
pub trait Server: Debug + Send + Sync {
    /// Starts the application with these flags, besides your own.
    ///
    /// It ends when it is dropped. Cases overlap and do not disturb each other, so one application
    /// may be handed out again for the same flags.
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError>;
}
