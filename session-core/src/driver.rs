//! The async half: holds the protocol and drives it over a store.

mod calm;
pub(crate) mod contention;
pub(crate) mod drive;
pub(crate) mod ended;
mod fresh;
mod gate;
pub(crate) mod guarded;
pub(crate) mod handle;
pub(crate) mod legacy;
pub(crate) mod legacy_cookie;
pub(crate) mod legacy_id;
mod methods;
mod named;
mod nested;
mod nowhere;
mod pace;
mod placed;
mod reopen;
mod report;
pub(crate) mod request;
mod request_state;
#[cfg(feature = "sealed")]
pub(crate) mod sealed;
#[cfg(feature = "sealed")]
mod sealed_text;
#[cfg(feature = "sealed")]
pub(crate) mod sealing_keys;
pub(crate) mod sessions;
pub(crate) mod sweep;
mod turns;
pub(crate) mod watched;
pub(crate) mod watcher;
