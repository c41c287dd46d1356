//! Web sessions as pure decisions: state, ids, expiry, cookies and the commit protocol.
//!
//! ```text
//! Cookie header ──▶ Exchange::open ──▶ Unread ──load──▶ Opened ──▶ the handler's Session: get, insert …
//!                                                         │
//! Set-Cookie, Vary, Cache-Control ◀── Reply ◀── Step ◀── finish(status, now)
//!                                                │  ▲
//!                                         Load / Write: ask the store, answer
//! ```
//!
//! The *protocol* decides which questions to ask a store and what follows from the answers; it does no I/O.
//! A blocking server drives [`Exchange`] and [`Step`] by hand. The *driver* (feature `driver`, on by
//! default) holds the protocol and drives it over an async [`Store`]: an adapter is made of
//! [`Sessions`] and [`Request`], and its handlers get a [`Handle`] or a [`RequestSession`].
//! [How to wire it](wiring) shows both. Most people want `session-axum`, `session-actix` or
//! `session-rocket`, whose handlers get the same [`Session`].
//!
//! # What this crate does not do
//!
//! It opens no file or socket, starts no thread or task, and depends on no runtime, framework or
//! `http` crate. It reads the clock and the system's randomness through [`Clock`] and
//! [`Entropy`], which a [`Policy`] carries. It neither signs users in nor checks passwords:
//! [`Session::sign_in`] records that the application did.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "django")]
pub mod django;
#[cfg(feature = "driver")]
mod driver;
mod error;
mod failure;
mod http;
mod policy;
mod port;
mod protocol;

/// The crate of the moments in this one's API, so that an application needs no dependency of its own.
pub use time;

#[cfg(feature = "driver")]
#[doc = include_str!("../WIRING.md")]
pub mod wiring {}

/// For the macros.
#[cfg(feature = "driver")]
#[doc(hidden)]
pub mod __private {
    pub use serde::Serialize;
    pub use serde::de::DeserializeOwned;
}

#[cfg(feature = "driver")]
pub use driver::drive::{Finish, Pending, RequestSession};
#[cfg(feature = "driver")]
pub use driver::ended::Ended;
#[cfg(feature = "driver")]
pub use driver::guarded::{Answers, Guarded};
#[cfg(feature = "driver")]
pub use driver::handle::Handle;
#[cfg(feature = "driver")]
pub use driver::legacy::{Adopt, Adoption};
#[cfg(feature = "driver")]
pub use driver::legacy_cookie::LegacyCookie;
#[cfg(feature = "driver")]
pub use driver::legacy_id::LegacyId;
#[cfg(feature = "driver")]
pub use driver::request::Request;
#[cfg(feature = "sealed")]
pub use driver::sealed::Sealed;
#[cfg(feature = "sealed")]
pub use driver::sealing_keys::{SealingKeyError, SealingKeys};
#[cfg(feature = "driver")]
pub use driver::sessions::Sessions;
#[cfg(feature = "driver")]
pub use driver::sweep::sweep_in_batches;
#[cfg(feature = "driver")]
pub use driver::watched::{OfRequest, Watched};
pub use error::{CommitError, SessionError, ValueError};
pub use failure::Failure;
pub use http::bearer::SESSION_TOKEN;
pub use http::reply::{Headers, Reply};
pub use policy::builder::PolicyBuilder;
pub use policy::carrier::Carrier;
pub use policy::clock::{Clock, ManualClock, SystemClock};
pub use policy::devices::Overflow;
pub use policy::entropy::{Entropy, EntropyError, OsEntropy};
pub use policy::error::PolicyError;
pub use policy::error_page::ErrorPage;
pub use policy::event::{Event, EventKind, Reason, Revoker};
pub use policy::event_log::Tracing;
pub use policy::kept_event::KeptEvent;
pub use policy::lifetime::ExpiryError;
#[cfg(feature = "metrics")]
pub use policy::metrics::Metrics;
pub use policy::observer::Observer;
pub use policy::policies::Policies;
pub use policy::report::{Finding, Report, Verdict};
pub use policy::stamp::{Stamp, StampKey, StampKeyError};
pub use policy::tag::Tag;
#[cfg(feature = "user-agent")]
pub use policy::user_agent::device_label;
pub use policy::{Policy, SameSite};
pub use port::command::{Command, Only, Outcome, Revoke, Whose};
pub use port::effect::Effect;
#[cfg(feature = "driver")]
pub use port::envelope::{Enclosed, Envelope};
#[cfg(feature = "driver")]
pub use port::epochs::Epochs;
pub use port::error::StoreError;
pub use port::expiry::{Expiry, ParseExpiryError};
pub use port::id::{ID_LENGTH, Id};
pub use port::id_form::IdForm;
pub use port::key::Key;
pub use port::moment::{Moment, from_micros, to_micros};
pub use port::public_id::PublicId;
pub use port::record::{Device, Record, Revision};
pub use port::secrets::{Digest, Remembered, Salt, Secrets};
#[cfg(feature = "driver")]
pub use port::store::Store;
#[cfg(feature = "driver")]
pub use port::store_facts::StoreFacts;
pub use port::value_rule::ValueRule;
pub use port::values::Values;
pub use port::walk::{Batch, Cursor};
pub use protocol::calm::CalmSession;
pub use protocol::exchange::{Exchange, Opened};
pub use protocol::facts::SignIn;
pub use protocol::field::Field;
pub use protocol::page::Page;
pub use protocol::past::{Past, Still, Was};
pub use protocol::remaining::Remaining;
pub use protocol::revocation::Revocation;
pub use protocol::session::Session;
pub use protocol::step::{List, Load, Step, Write};
pub use protocol::unread::Unread;
pub use protocol::watch::Watch;
pub use protocol::whole::AllOrNothing;
