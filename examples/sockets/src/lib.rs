//! A WebSocket and a stream of server-sent events on every framework, which close when the session ends.
//!
//! `cargo run -p sockets axum` (or `actix`, `rocket`) serves both on 127.0.0.1:3000, behind `POST /login` and
//! `POST /logout`.
//!
//! What is the same everywhere: the handler asks for [`ended`](RequestSession::ended) before it answers, so that
//! who has no session gets a 401; a WebSocket waits for that beside all that it does, and not in turn with it; and it
//! [reopens](RequestSession::reopen) the session for each message, since its request is over.
//!
//! A page of another origin may open a WebSocket too, and read it: CORS does not apply, and only `Origin` says so. The
//! default cookie, `SameSite=Lax`, stays away from another site's page; it comes along with one of another origin of the
//! same site: a sibling domain, another port. So each handler compares `Origin` ([`Csrf::has`](session_extras::Csrf::has)).
//! Who sends none is no browser.
#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "each example is read from top to bottom"
)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_async,
    reason = "handlers are like that"
)]

pub mod actix_sse;
pub mod actix_ws;
pub mod axum_sse;
pub mod axum_ws;
pub mod rocket_sse;
pub mod rocket_ws;
pub mod servers;

use std::time::Duration;

use session_core::{Policy, RequestSession, SessionError, Sessions};
use session_store::MemoryStore;

/// Why a WebSocket is closed, with the code of RFC 6455, 7.4.1.
#[derive(Debug)]
pub struct Farewell {
    pub code: u16,
    pub reason: &'static str,
}

/// What a client is told that has no session any more.
pub const LOGGED_OUT: Farewell = Farewell {
    code: 1008,
    reason: "logged out",
};

/// How long a client may take to hear the farewell.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The application's sessions.
#[must_use]
pub fn sessions() -> Sessions {
    Sessions::new(Policy::development(), MemoryStore::new())
}

/// Counts a message in the session, after the answer of the request that opened the socket.
///
/// # Errors
///
/// The session has ended, or the store failed: close the socket with the [`Farewell`].
pub async fn count(session: &RequestSession) -> Result<u32, SessionError> {
    let now = session.reopen().await?;
    now.update("messages", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    now.save().await?;
    Ok(now.get("messages")?.unwrap_or_default())
}

impl From<SessionError> for Farewell {
    /// An outage logs nobody out: the client may come again.
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Gone | SessionError::Superseded => LOGGED_OUT,
            error if error.status() == 503 => Self {
                code: 1013,
                reason: "try again later",
            },
            _ => Self {
                code: 1011,
                reason: "internal error",
            },
        }
    }
}
