//! Web sessions for actix-web: a middleware and an extractor over `session-core`.
//!
//! ```text
//! request ──▶ SessionMiddleware: opens the session, without I/O
//!               │
//!               ▼
//!             your handler: `Session` loads it, at most one store call
//!               │
//! response ◀── SessionMiddleware: commits what changed, adds Set-Cookie, Vary, Cache-Control
//! ```
//!
//! A handler without a session causes no store call and no header.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions};
//! use session_store::MemoryStore;
//!
//! async fn hits(session: Session) -> Result<String, Rejection> {
//!     let hits = session.update("hits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("{hits} visits"))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> std::io::Result<()> {
//!     // Plain http; in production `Policy::default()` sends a `Secure` cookie over https.
//!     let policy = Policy::development();
//!     // Created once, outside of the closure: every worker builds its own application.
//!     let sessions = Sessions::new(policy, MemoryStore::new());
//!     let app = move || {
//!         App::new()
//!             .route("/", web::get().to(hits))
//!             .wrap(SessionMiddleware::new(sessions.clone()))
//!     };
//!     HttpServer::new(app).bind("127.0.0.1:3000")?.run().await
//! }
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
//! use session_actix::{Rejection, SessionHandle};
//!
//! async fn logout(session: SessionHandle) -> Result<(), Rejection> {
//!     session.destroy()
//! }
//! ```
//!
//! Several sessions on one application need a marker type each; see
//! [`SessionMiddleware::named`]. Other middleware reaches the session through [`SessionExt`]. So
//! do route guards, if the middleware [preloads](SessionMiddleware::preload) it.
//!
//! `?` on a session's errors works in handlers that return [`Rejection`] or the framework's own
//! `Result<String, actix_web::Error>`. Code that returns a [`SessionError`] is called by [`Session::with`],
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
//! # Among other middleware
//!
//! The last `wrap` is the outermost. Middleware that uses the session is wrapped before
//! `SessionMiddleware`. So is `ErrorHandlers`: outside, a replaced response would lose the cookie
//! of a session that was stored, and a changed status would come after the commit. `Logger`,
//! `Compress`, `DefaultHeaders` and CORS work on either side; if the commit fails, those outside
//! see the 503 too.
//!
//! If inner middleware fails with an `Err`, its `ResponseError::status_code` decides about the
//! commit (an overridden `error_response` should have the same status), and the error's response
//! carries the cookie. If that commit fails, the error becomes a [`Rejection`]; it stays an `Err`,
//! since there is no request left to answer.
//!
//! # From actix-session and actix-identity
//!
//! | there | here |
//! |---|---|
//! | `SessionMiddleware::builder(store, key)` | `SessionMiddleware::new(Sessions::new(policy, store))`; ids need no key |
//! | `.cookie_name`, `.session_lifecycle`, … | [`Policy::builder`], checked once at start |
//! | loaded for every request | when a handler asks; [`SessionMiddleware::preload`] for guards |
//! | `request.get_session()` | [`SessionExt::session_handle`], then `load().await` or `peek()` |
//! | `session.get`, `insert`, `remove`, `clear` | the same |
//! | `session.update`, `update_or` | `session.update(key, …)`, exact under concurrency |
//! | `session.renew()` | `session.cycle()?`; at login `session.sign_in(owner)?` |
//! | `session.purge()` | `session.destroy()?` |
//! | `Identity::login(&request.extensions(), id)?` | `session.sign_in(id)?` |
//! | `identity.logout()` | `session.destroy()?` |
//! | `identity.id()?`, or 401 | `session.owner()` |
//! | `visit_deadline`, `login_deadline` | `idle` and `absolute` of [`Policy::builder`] |
//! | no middleware: an empty session | a 500 that names it in the log |
//! | an inner `Err` drops the changes | they are committed, unless it is a 500 or more |
//! | cookies `id`, signed or private | a new cookie and table; with `Legacy` (feature `legacy` of `session-store`) nobody has to sign in again |
//!
//! # What this crate does not do
//!
//! It decides nothing about sessions: `session-core` does. It stores none: `session-store` does.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod answer;
mod extract;
mod middleware;
mod rejection;
mod slot;

pub use extract::{CalmSession, Fresh, Session, SessionHandle};
pub use middleware::{SessionMiddleware, SessionService};
pub use rejection::Rejection;
pub use slot::SessionExt;

pub use session_core::{
    self, Carrier, Device, ErrorPage, Event, EventKind, Expiry, ExpiryError, Field, Handle,
    Observer, Overflow, Policy, PolicyBuilder, PolicyError, PublicId, Reason, Remaining,
    RequestSession, Revoke, Revoker, SameSite, Session as CoreSession, SessionError, Sessions,
    SignIn, Stamp, StampKey, Still, Store, StoreError, Tag, Tracing, ValueError, Was, time,
};
