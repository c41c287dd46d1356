//! The suite that a framework adapter must pass, driven from outside over HTTP.
//!
//! A case uses only the application's routes, so it works for any framework, in this process or
//! another. A program that listens on a port is a [`Program`]; for anything else implement
//! [`Server`] and [`App`]. Then call [`http_suite`], with or without a runtime:
//!
//! ```no_run
//! use session_testkit::http::{Program, http_suite};
//!
//! let arguments = ["--listen", "127.0.0.1:0", "--store", "memory", "--insecure"];
//! let program = Program::new("target/debug/showcase-axum", arguments);
//! pollster::block_on(http_suite("axum", &program)).unwrap();
//! ```
//!
//! # The application
//!
//! It answers JSON. Keys in paths are percent-decoded; `HEAD` answers as `GET` does; an unknown
//! path is 404. Every route under `/api` but `untouched` takes `delay_ms=N` in its query (open
//! the session, wait, then act) and `status=N` (act, then answer with this status). An unsafe request with `Sec-Fetch-Site:
//! cross-site` or `same-site`, or with a foreign `Origin`, is 403 and changes nothing.
//!
//! | route | does | answers |
//! |---|---|---|
//! | `GET /` | a page | HTML |
//! | `GET /healthz` | asks the store | 200 |
//! | `GET /api/untouched` | never asks for the session | 204 |
//! | `GET /api/session` | reads | 200 `{"exists", "data", "owner", "browser_close", "expires_at", "expires_in"}` |
//! | `GET /api/data/{key}` | reads one value | 200 the value, or 404 |
//! | `PUT /api/data/{key}` | sets it to the body | 204; 400 if the body is not JSON |
//! | `DELETE /api/data/{key}` | removes it | 204 |
//! | `POST /api/data/{key}/increment` | `update`, +1, then `save` | 200 `{"value"}` |
//! | `POST /api/clear` | `clear` | 204 |
//! | `POST /api/cycle` | `cycle` | 204 |
//! | `POST /api/login` `{"user"}` | `sign_in`, with a label made of the `User-Agent` | 204 |
//! | `POST /api/reauthenticate` | `reauthenticate` | 204, or 401 |
//! | `GET /api/sensitive?within=N` | `authenticated_within` | 200 `{"owner":…}`, 401 or 403 |
//! | `GET /api/remaining` | `remaining`: no activity | 200 `{"seconds":n or null}` |
//! | `GET /api/calm` | reads by a `CalmSession` alone | 200 `{"exists", "outage"}`, also while the store is down |
//! | `POST /api/password` | `reauthenticate`, then ends the owner's other sessions | 200 `{"revoked":n}`, or 401 |
//! | `POST /api/logout` | `destroy` | 204 |
//! | `POST /api/relogin` `{"user"}` | `destroy`, then `sign_in` as above | 204 |
//! | `PUT /api/lifetime` | `set_expiry`: one of `{"browser_close":true}`, `{"seconds":n}`, `{"at":moment}`, `{"default":true}` | 204, or 400 |
//! | `GET /api/devices` | lists the owner's sessions | 200 `[{"handle", "label", "created_at", "last_seen_at", "expires_at", "current"}]`, 401 without an owner |
//! | `DELETE /api/devices/{handle}` | revokes one of them | 204, or 404 |
//! | `DELETE /api/devices` | revokes all but the current | 200 `{"revoked"}` |
//! | `GET /api/ended` | `stay_idle`, then `ended`, as server-sent events: `event: ready` at once, `event: ended` at the end, both with `data: {}` | 200 `text/event-stream`, `no-store`; 401 without a session, 503 past 64 streams |
//! | `POST /api/panic` | sets `panicked`, then panics | 500, or nothing at all |
//! | `GET /api/stream` | sets `before`, tries to set `after` while the body is sent | `after: refused` |
//!
//! # The flags
//!
//! [`Server::start`] gets these, as `examples/showcase` has them on its command line: `--idle
//! SECONDS`, `--absolute SECONDS`, `--touch-every SECONDS`, `--browser-close`, `--cookie-name
//! NAME`, `--gone refuse|silent`, `--carrier cookie|bearer|both`,
//! `--rotate-every SECONDS`, `--max-devices N[:oldest|refuse]`, `--max-value-bytes N`, `--consent` (a session of nobody begins only
//! in a request with `consent=1` in its query), and `--second`, with which the routes stand once more
//! under `/second/api`, for a session of another name. Without flags the policy is the default one, with or without `Secure`.

mod answer;
mod app;
mod bearers;
mod cases;
mod client;
mod cookie;
mod failure;
mod message;
mod program;
mod sealed;
mod socket;
mod suite;

pub use answer::Answer;
pub use app::{App, BoxError, Hangup, Server};
pub use bearers::{Bearers, NEED_COOKIES};
pub use client::Client;
pub use cookie::SetCookie;
pub use failure::Failure;
pub use message::{Request, Response};
pub use program::Program;
pub use sealed::NEED_A_STORE;
pub use socket::Socket;
pub use suite::{HTTP_CASES, HttpCase, HttpFailures, NEED_CONNECTIONS, http_suite, http_suite_but};
