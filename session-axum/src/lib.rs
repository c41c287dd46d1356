//! Web sessions for axum: a tower layer and an extractor over `session-core`.
//!
//! ```text
//! request ──▶ SessionLayer: opens the session, without I/O
//!               │
//!               ▼
//!             your handler: `Session` loads it, at most one store call
//!               │
//! response ◀── SessionLayer: commits what changed, adds Set-Cookie, Vary, Cache-Control
//! ```
//!
//! A handler without a session causes no store call and no header.
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
//! use session_store::MemoryStore;
//!
//! async fn hits(session: Session) -> Result<String, Rejection> {
//!     let hits = session.update("hits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("{hits} visits"))
//! }
//!
//! # async fn run() -> std::io::Result<()> {
//! // Plain http; in production `Policy::default()` sends a `Secure` cookie over https.
//! let policy = Policy::development();
//! let sessions = Sessions::new(policy, MemoryStore::new());
//! let app = Router::new()
//!     .route("/", get(hits))
//!     .layer(SessionLayer::new(sessions));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(listener, app).await
//! # }
//! ```
//!
//! The session is committed when the response's head is ready. A later write, from a streaming
//! body or a task, fails with [`SessionError::Finished`]; `session.save().await` commits early. A
//! status of 500 or more, 408 or 499 (a time-out) drops the changes, and a panic commits nothing. If the
//! store fails, the client gets an opaque 503, and the cookie of the last early `save`.
//!
//! A page that may be seen while the store is down takes a [`CalmSession`] in place of a [`Session`]: it is read-only, and
//! nobody's in an outage.
//!
//! A WebSocket or a stream waits for its session's end by [`Session::ended`], and reads and writes it again by
//! [`reopen`](session_core::RequestSession::reopen); `examples/sockets` of the repository has both.
//!
//! A time limit with another status commits what the handler has done so far; one whose changes belong
//! together holds a guard: [`all_or_nothing`](session_core::Session::all_or_nothing).
//!
//! A logout need not load the session:
//!
//! ```
//! use session_axum::{Rejection, SessionHandle};
//!
//! async fn logout(session: SessionHandle) -> Result<(), Rejection> {
//!     session.destroy()
//! }
//! ```
//!
//! Several sessions on one application need a marker type each; see [`SessionLayer::named`].
//! Middleware without extractors uses [`handle`].
//!
//! `?` on a session's errors works in handlers that return [`Rejection`] or the framework's own
//! `axum::response::Result<String>`. Code that returns a [`SessionError`] is called by [`Session::with`],
//! async code by [`Session::with_async`].
//! [`Policy::builder`] has `error_page`, which renders errors, and `observer`, which hears of them.
//!
//! An application tests its own handlers with [`session-testkit`](https://docs.rs/session-testkit)'s module `app`: a signed-in
//! browser in one line, a clock that the test moves, a store that fails. `tests/it/own_handlers.rs` of this crate is such a test.
//!
//! [`Carrier::Both`] also serves clients that send `Authorization: Bearer` in place of a cookie, and get their id in the
//! header `Session-Token`. A check against forged requests can spare those: [`carrier`](session_core::Session::carrier) tells;
//! the crate `session-extras` has that check. Two
//! sessions of one application can't both have bearers, which is a 500 as soon as a handler asks for the inner one.
//!
//! Framework-independent code takes a `&session_core::Session`; the extractor dereferences to it,
//! and this crate re-exports it as [`CoreSession`].
//!
//! ```
//! use session_axum::{CoreSession, Rejection, SessionError};
//!
//! fn add_to_cart(session: &CoreSession, item: u32) -> Result<(), SessionError> {
//!     let add = move |cart: Option<Vec<u32>>| [cart.unwrap_or_default(), vec![item]].concat();
//!     session.update("cart", add).map(|_| ())
//! }
//!
//! async fn handler(session: session_axum::Session) -> Result<(), Rejection> {
//!     Ok(add_to_cart(&session, 7)?)
//! }
//! ```
//!
//! # From tower-sessions
//!
//! | there | here |
//! |---|---|
//! | `SessionManagerLayer::new(store)` | `SessionLayer::new(Sessions::new(policy, store))` |
//! | `.with_name`, `.with_expiry`, … | [`Policy::builder`], checked once at start |
//! | `session.get(key).await?` | `session.get(key)?`; the extractor has loaded it |
//! | `get`, then `insert` | `session.update(key, …)?`, exact under concurrency |
//! | `session.cycle_id().await?` at login | `session.sign_in(owner)?` |
//! | `session.flush().await?` | `session.destroy()?` |
//! | `session.save().await?` | the same |
//! | cookies `id`, from any store | a new cookie and table; with `Legacy` (feature `legacy` of `session-store`) nobody has to sign in again |
//!
//! # What this crate does not do
//!
//! It decides nothing about sessions: `session-core` does. It stores none: `session-store` does.
//! It does not limit the time for a request's head, nor does `axum::serve`: serve the router by hyper
//! with `header_read_timeout`, as `examples/showcase-axum` does, or put a proxy in front of it.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod extract;
mod future;
mod layer;
mod rejection;
mod service;
mod slot;

pub use extract::{CalmSession, Fresh, Session, SessionHandle};
pub use future::ResponseFuture;
pub use layer::SessionLayer;
pub use rejection::Rejection;
pub use service::SessionService;
pub use slot::{handle, handle_named};

pub use session_core::{
    self, Carrier, Device, ErrorPage, Event, EventKind, Expiry, ExpiryError, Field, Handle,
    Observer, Overflow, Policy, PolicyBuilder, PolicyError, PublicId, Reason, Remaining,
    RequestSession, Revoke, Revoker, SameSite, Session as CoreSession, SessionError, Sessions,
    SignIn, Stamp, StampKey, Still, Store, StoreError, Tag, Tracing, ValueError, Was, time,
};
