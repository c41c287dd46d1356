//! Web sessions for Rocket: a fairing and request guards over `session-core`.
//!
//! ```text
//! request ──▶ your handler: the `Session` guard loads it, at most one read of the store
//!               │
//!             another route after a forward, a catcher: the same session, no further read
//!               │
//! response ◀── SessionFairing: commits what changed, adds Set-Cookie, Vary, Cache-Control
//! ```
//!
//! A handler that takes no session costs no store call and gets no header.
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
//!     let policy = Policy::builder().insecure().build().expect("nothing contradicts");
//!     let sessions = Sessions::new(policy, MemoryStore::new());
//!     rocket::build()
//!         .mount("/", routes![hits])
//!         .attach(SessionFairing::new(sessions))
//! }
//! ```
//!
//! **Attach the session fairing last.** Response fairings run in the order of their attachment:
//! one that comes later can't change the session any more, one that replaces the response takes
//! the cookie away, and one that registers a catcher for 503 at `/` collides with ours.
//!
//! The session is committed when the response's head is ready, and the status that leaves counts:
//! 500 or more drops the changes, whoever has made the response, a handler or a catcher. Later
//! writes, from a streaming body or a task, are [`SessionError::Finished`]; `session.save().await`
//! commits early. If the commit fails, the response becomes an opaque 503, with the cookie of what an
//! early `save` has stored.
//!
//! A panic that unwinds through a guard, in a handler, in a guard after ours or in a catcher,
//! commits nothing, and the catcher for it finds the session closed. Rocket runs a request to its
//! end when the client has gone away, so that is committed.
//!
//! Launching aborts if a route has a guard and its fairing is missing, if two fairings have one
//! name, or if two share a cookie's name. While the server runs, expired sessions are removed
//! once a minute; see [`SessionFairing::sweep_every`].
//!
//! A logout need not load the session:
//!
//! ```
//! use rocket::post;
//! use session_rocket::{Rejection, SessionHandle};
//!
//! #[post("/logout")]
//! fn logout(session: SessionHandle) -> Result<(), Rejection> {
//!     Ok(session.destroy()?)
//! }
//! ```
//!
//! Several sessions of one application have a marker type each:
//!
//! ```
//! use rocket::{Build, Rocket, get, routes};
//! use session_rocket::{Policy, PolicyError, SameSite, Session, SessionFairing, Sessions};
//! use session_store::MemoryStore;
//! use std::time::Duration;
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
//!         .attach(SessionFairing::new(admins).named::<Admin>().without_sweeper())
//!         .attach(SessionFairing::new(visitors).sweep_every(Duration::from_secs(300))))
//! }
//! # rocket().unwrap();
//! ```
//!
//! # Catchers and outages
//!
//! A guard that can't load its session fails with the status of the error, 503 for a store that
//! is down, and the handler does not run. What the client sees then is for the catchers to say,
//! as with every error in Rocket. An application without a catcher for 503 at `/` gets one from
//! the fairing: it answers `{"error":"session store unavailable"}` if a session was the cause,
//! and Rocket's page otherwise. The browser's cookie stays in any case.
//!
//! `Option<Session>` is `None` during an outage too, which is Rocket's rule for every guard; don't
//! take it for "not signed in". `Result<Session, Rejection>` tells the two apart.
//!
//! A catcher asks for the session by hand. It is the one that the handler had:
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
//! Code that serves other frameworks too takes a `&session_core::Session`; the guard dereferences
//! to it, and this crate re-exports [`session_core`].
//!
//! # Tests
//!
//! Rocket's local clients work as they do with every cookie, and a tracked one forgets the cookie
//! at logout. A request gives cookies in one of two ways, with `.cookie(…)` or in a `Cookie`
//! header: with a header, the client's jar is not looked at.
//!
//! # From Rocket's private cookies
//!
//! | there | here |
//! |---|---|
//! | `secret_key`, feature `secrets` | neither: the cookie is an id that says nothing |
//! | `jar: &CookieJar<'_>` | `session: Session` |
//! | `jar.get_private(name)`, a string | `session.get::<T>(name)?`, any serde type |
//! | `jar.add_private((name, value))` | `session.insert(name, value)?`, no 4 KiB limit |
//! | `jar.remove_private(name)` | `session.remove(name)?` |
//! | a cookie that a catcher drops | kept, unless the response is a server error or a panic |
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
//! It decides nothing about sessions; `session-core` does. It keeps none; `session-store` does.
//! It can't read a `Cookie` header that is no UTF-8: Rocket drops such a header as a whole, before
//! anybody sees it, so its request has no session. Nor can it keep cookies out of Rocket's own
//! log, which at the level `debug` prints requests and responses with all their headers.

mod catcher;
mod fairing;
mod guard;
mod headers;
mod rejection;
mod slot;
mod watched;

pub use fairing::SessionFairing;
pub use guard::{Session, SessionHandle};
pub use rejection::Rejection;

pub use session_core::{
    self, CookieLife, Device, Expiry, ExpiryError, Field, Handle, Policy, PolicyBuilder,
    PolicyError, PublicId, RequestSession, Revoke, SameSite, SessionError, Sessions, Store,
    StoreError, ValueError,
};
