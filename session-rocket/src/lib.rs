//! Web sessions for Rocket: a fairing and request guards over `session-core`.
//!
//! ```text
//! request ──▶ your handler: the `Session` guard loads it, at most one store call
//!               │
//!             another route after a forward, a catcher: the same session, no further call
//!               │
//! response ◀── SessionFairing: commits what changed, adds Set-Cookie, Vary, Cache-Control
//! ```
//!
//! A handler without a session causes no store call and no header.
//!
//! ```no_run
//! use rocket::{get, launch, routes};
//! use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
//! use session_store::MemoryStore;
//!
//! #[get("/")]
//! fn hits(session: Session) -> Result<String, Rejection> {
//!     let hits = session.update("hits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("{hits} visits"))
//! }
//!
//! #[launch]
//! fn rocket() -> _ {
//!     // Plain http; in production `Policy::default()` sends a `Secure` cookie over https.
//!     let policy = Policy::development();
//!     let sessions = Sessions::new(policy, MemoryStore::new());
//!     rocket::build()
//!         .mount("/", routes![hits])
//!         .attach(SessionFairing::new(sessions))
//! }
//! ```
//!
//! **Attach the session fairing last.** Response fairings run in the order of their attachment:
//! a later one can no longer change the session, would drop the cookie if it replaces the response,
//! and collides with ours if it registers a catcher for 503 at `/`.
//!
//! The session is committed when the response's head is ready. The final status counts: 500 or
//! more, 408 or 499 (a time-out) drops the changes, whether a handler or a catcher made the response. A later write, from a
//! streaming body or a task, fails with [`SessionError::Finished`]; `session.save().await` commits
//! early. If the commit fails, the response becomes an opaque 503, with the cookie of the last
//! early `save`.
//!
//! A WebSocket or a stream waits for its session's end by [`Session::ended`], and reads and writes it again by
//! [`reopen`](session_core::RequestSession::reopen); `examples/sockets` of the repository has both.
//!
//! A panic that unwinds through a guard, in a handler, in a later guard or in a catcher, commits
//! nothing, and the catcher for it finds the session closed. If the client goes away, Rocket still
//! runs the request to its end, so it is committed.
//!
//! The launch is aborted if a guard's fairing is missing, or if two fairings share a name or a
//! cookie's name.
//!
//! A logout need not load the session:
//!
//! ```
//! use rocket::post;
//! use session_rocket::{Rejection, SessionHandle};
//!
//! #[post("/logout")]
//! fn logout(session: SessionHandle) -> Result<(), Rejection> {
//!     session.destroy()
//! }
//! ```
//!
//! Several sessions of one application need a marker type each:
//!
//! ```
//! use rocket::{Build, Rocket, get, routes};
//! use session_rocket::{Policy, PolicyError, SameSite, Session, SessionFairing, Sessions};
//! use session_store::MemoryStore;
//!
//! struct Admin;
//!
//! #[get("/")]
//! fn both(visitor: Session, admin: Session<Admin>) {}
//!
//! fn rocket() -> Result<Rocket<Build>, PolicyError> {
//!     let strict = Policy::builder()
//!         .cookie_name("__Host-admin")
//!         .same_site(SameSite::Strict)
//!         .until_browser_close()
//!         .build()?;
//!     let admins = Sessions::new(strict, MemoryStore::new());
//!     let visitors = Sessions::new(Policy::default(), MemoryStore::new());
//!     Ok(rocket::build()
//!         .mount("/", routes![both])
//!         .attach(SessionFairing::new(admins).named::<Admin>())
//!         .attach(SessionFairing::new(visitors)))
//! }
//! # rocket().unwrap();
//! ```
//!
//! # Catchers and outages
//!
//! A guard that can't load its session fails with the status of the error, 503 for a store that
//! is down, and the handler does not run. Catchers make the response, as for every error in
//! Rocket. If the application has no catcher for 503 at `/`, the fairing adds one: it answers
//! `{"error":"session store unavailable"}` if a session was the cause, and with Rocket's page
//! otherwise. The browser's cookie stays in any case.
//!
//! A page that may be seen during an outage takes a [`CalmSession`], which is read-only and then nobody's.
//! `Option<Session>` is `None` during an outage too, as for every guard in Rocket; this does not
//! mean "not signed in". `Result<Session, Rejection>` distinguishes the two.
//!
//! A catcher calls the guard itself, and gets the handler's session:
//!
//! ```
//! use rocket::{Request, catch};
//! use session_rocket::Session;
//!
//! #[catch(404)]
//! async fn not_found(request: &Request<'_>) -> String {
//!     match request.guard::<Session>().await.succeeded() {
//!         Some(session) => format!("not found, {}", session.owner().as_deref().unwrap_or("you")),
//!         None => "not found".into(),
//!     }
//! }
//! ```
//!
//! `?` on a session's errors works in handlers that return [`Rejection`], a `Status` or Rocket's
//! `Debug<Rejection>`. [`Policy::builder`] has `error_page`, which renders errors, and `observer`, which
//! hears of them; errors of handlers go to the unnamed fairing's.
//!
//! An application tests its own handlers with [`session-testkit`](https://docs.rs/session-testkit)'s module `app`: a signed-in
//! browser in one line, a clock that the test moves, a store that fails. `tests/it/own_handlers.rs` of this crate is such a test.
//!
//! [`Carrier::Both`] also serves clients that send `Authorization: Bearer` in place of a cookie, and get their id in the
//! header `Session-Token`. A check against forged requests can spare those: [`carrier`](session_core::Session::carrier) tells;
//! the crate `session-extras` has that check. Two
//! sessions of one application can't both have bearers, which aborts the launch.
//!
//! Framework-independent code takes a `&session_core::Session`; the guard dereferences to it, and
//! this crate re-exports it as [`CoreSession`].
//!
//! # Tests
//!
//! Rocket's local clients work as with any cookie, and a tracked client drops the cookie at logout.
//! A test sets cookies with `.cookie(…)` or with a `Cookie` header, not both: a header hides the
//! client's jar.
//!
//! # From Rocket's private cookies
//!
//! | there | here |
//! |---|---|
//! | `secret_key`, feature `secrets` | neither: the cookie holds nothing but an id |
//! | `jar: &CookieJar<'_>` | `session: Session` |
//! | `jar.get_private(name)`, a string | `session.get::<T>(name)?`, any serde type |
//! | `jar.add_private((name, value))` | `session.insert(name, value)?`, no 4 KiB limit |
//! | `jar.remove_private(name)` | `session.remove(name)?` |
//! | a catcher drops the cookie | the cookie stays, unless the status is 500 or more |
//! | a stolen cookie is good for a week | `session.destroy()?` ends it on the server |
//!
//! From `rocket_session_store` and `rocket_flex_session`:
//!
//! | there | here |
//! |---|---|
//! | `SessionStore { … }.fairing()`, `RocketFlexSession::builder()` | `SessionFairing::new(Sessions::new(policy, store))` |
//! | `Session<'_, T>`, one type for all data | `Session`; `get::<T>` a value at a time |
//! | `set(v).await`, `tap_mut` | `session.update(key, …)?`, exact under concurrency |
//! | `regenerate_token().await` at login | `session.sign_in(owner)?` |
//! | `remove`, `delete` | `session.destroy()?` |
//! | `get_all_sessions`, `invalidate_all_sessions` | `Sessions::devices`, `Sessions::revoke` |
//! | no fairing: a panic at the first request | no launch |
//!
//! # What this crate does not do
//!
//! It decides nothing about sessions: `session-core` does. It stores none: `session-store` does.
//! It does not limit the time for a request's head, which Rocket 0.5 has no setting for: a proxy in
//! front of it has to.
//! It can't read a `Cookie` header that is not UTF-8: Rocket drops the whole header first, so the
//! request has no session. Nor can it hide cookies from Rocket's own log, which at level `debug`
//! prints requests and responses with all their headers.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod catcher;
mod fairing;
mod guard;
mod headers;
mod rejection;
mod slot;

pub use fairing::SessionFairing;
pub use guard::{CalmSession, Fresh, Session, SessionHandle};
pub use rejection::Rejection;

pub use session_core::{
    self, Carrier, Device, ErrorPage, Event, EventKind, Expiry, ExpiryError, Field, Handle,
    Observer, Overflow, Policy, PolicyBuilder, PolicyError, PublicId, Reason, Remaining,
    RequestSession, Revoke, Revoker, SameSite, Session as CoreSession, SessionError, Sessions,
    SignIn, Stamp, StampKey, Still, Store, StoreError, Tag, Tracing, ValueError, Was, time,
};
