//! Tests of an application's own handlers, in any framework.
//!
//! [`TestSessions`] are the sessions that the application runs on in a test: in memory, with a clock that the test
//! moves and a store that fails when it is told to. A [`Browser`] has the cookies: it gives the `Cookie` header of a
//! request and takes the `Set-Cookie` headers of its response, however the framework's own tests send one.
//! Nothing here waits, so tests may be async or not.
//!
//! ```
//! use std::time::Duration;
//!
//! use session_core::{Policy, Sessions};
//! use session_testkit::app::{Browser, TestSessions};
//!
//! // What a test sends to the application, by whatever its framework has for that.
//! fn get_profile(app: &Sessions, browser: &Browser) -> u16 {
//! #     let header = browser.cookie();
//! #     let request = app.open([header.as_bytes()]);
//! #     let Ok(session) = pollster::block_on(request.handle().load()) else { return 503 };
//! #     let status = if session.owner().is_some() { 200 } else { 401 };
//! #     let reply = pollster::block_on(request.commit(status)).unwrap();
//! #     browser.receive(reply.set_cookie());
//! #     status
//!     // let request = Request::get("/profile").header("cookie", browser.cookie());
//!     // … browser.receive(response.headers().get_all("set-cookie"));
//! }
//!
//! let test = TestSessions::of(Policy::builder().idle(Duration::from_secs(20 * 60)));
//! let app = test.sessions(); // in place of the application's own
//!
//! // A signed-in browser in one line, a second device, and a thief who has copied the cookie.
//! let (laptop, phone) = (test.signed_in("ada"), test.signed_in("ada"));
//! let thief = laptop.copy();
//! assert_eq!(get_profile(&app, &laptop), 200);
//! assert_eq!(get_profile(&app, &Browser::new()), 401);
//!
//! // Time passes only when the test says so.
//! test.advance(Duration::from_secs(15 * 60));
//! assert_eq!(get_profile(&app, &phone), 200);
//! test.advance(Duration::from_secs(10 * 60));
//! assert_eq!(get_profile(&app, &laptop), 401);
//! assert_eq!(get_profile(&app, &thief), 401);
//! assert_eq!(get_profile(&app, &phone), 200);
//!
//! // An outage logs nobody out.
//! test.store().go_down();
//! assert_eq!(get_profile(&app, &phone), 503);
//! test.store().come_up();
//! assert_eq!(get_profile(&app, &phone), 200);
//! ```
//!
//! A handler that asks `session-extras` for its `User` wants a session with the stamp of the user's credential: pass
//! [`signed_in`](TestSessions::signed_in) a [`SignIn`](session_core::SignIn) with one.
//!
//! What handlers have stored, and what they are to find, is a [`visit`](TestSessions::visit) away. Whole tests are in the
//! repository: `tests/it/own_handlers.rs` of `session-axum`, `session-actix` and `session-rocket`.

mod browser;
mod test_sessions;

pub use browser::Browser;
pub use test_sessions::TestSessions;
