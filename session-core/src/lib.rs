//! Web sessions as pure decisions: state, ids, expiry, cookies and the commit protocol.
//!
//! ```text
//! Cookie header ──▶ Exchange::open ──▶ Unread ──load──▶ Session ──▶ the handler reads and writes
//!                                                                     │
//! Set-Cookie, Vary, Cache-Control ◀── Reply ◀── Step ◀── finish(status, now)
//!                                                │  ▲
//!                                         Load / Write: ask the store, answer
//! ```
//!
//! The core says what to ask a store and what to make of the answers; it asks nobody itself.
//! [`Sessions`] and [`Handle`] drive it over an async [`Store`]; a blocking server drives
//! [`Exchange`] and [`Step`] by hand. [How to wire it](_wiring) shows both. Most people want
//! `session-axum`, `session-actix` or `session-rocket`, whose handlers get the same [`Session`].
//!
//! # What this crate does not do
//!
//! It opens no file or socket, starts no thread or task, and depends on no runtime, framework or
//! `http` crate. It reads the clock and the system's randomness through [`Clock`] and
//! [`Entropy`], which a [`Policy`] carries. It neither signs users in nor checks passwords:
//! [`Session::sign_in`] records that somebody else did.

mod driver;
mod error;
mod http;
mod policy;
mod port;
mod protocol;

#[doc = include_str!("../WIRING.md")]
pub mod _wiring {}

pub use driver::handle::{Finish, Handle, Pending, Sessions};
pub use driver::request::Unfinished;
pub use error::{CommitError, SessionError, ValueError};
pub use http::reply::{Headers, Reply};
pub use policy::builder::PolicyBuilder;
pub use policy::clock::{Clock, ManualClock, SystemClock};
pub use policy::entropy::{Entropy, EntropyError, OsEntropy};
pub use policy::lifetime::{CookieLife, Expiry, ExpiryError, Lifetime, ParseExpiryError};
pub use policy::{Policy, PolicyError, SameSite};
pub use port::id::{ID_LENGTH, Id, PublicId};
pub use port::key::Key;
pub use port::record::{Device, Record, Revision, from_micros, to_micros};
pub use port::store::{Command, Found, Outcome, Revoke, Store, StoreError};
pub use protocol::exchange::{Exchange, Unread};
pub use protocol::field::Field;
pub use protocol::session::Session;
pub use protocol::step::{Load, Step, Write};
