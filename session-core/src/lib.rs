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

mod changes;
mod clock;
mod commit;
mod cookie;
mod data;
mod entries;
mod entropy;
mod error;
mod exchange;
mod field;
mod handle;
mod id;
mod key;
mod life;
mod lifetime;
mod named;
mod policy;
mod policy_builder;
mod record;
mod reply;
mod session;
mod state;
mod step;
mod store;
mod turns;
mod unfinished;

#[doc = include_str!("../WIRING.md")]
pub mod _wiring {}

pub use clock::{Clock, ManualClock, SystemClock};
pub use entropy::{Entropy, EntropyError, OsEntropy};
pub use error::{CommitError, SessionError, ValueError};
pub use exchange::{Exchange, Unread};
pub use field::Field;
pub use handle::{Finish, Handle, Pending, Sessions};
pub use id::{ID_LENGTH, Id, PublicId};
pub use key::Key;
pub use lifetime::{CookieLife, Expiry, ExpiryError, Lifetime, ParseExpiryError};
pub use policy::{Policy, PolicyError, SameSite};
pub use policy_builder::PolicyBuilder;
pub use record::{Device, Record, Revision, from_micros, to_micros};
pub use reply::{Headers, Reply};
pub use session::Session;
pub use step::{Load, Step, Write};
pub use store::{Command, Found, Outcome, Revoke, Store, StoreError};
pub use unfinished::Unfinished;
