//! The async half: holds the protocol and drives it over a store.

pub(crate) mod contention;
pub(crate) mod drive;
mod gate;
pub(crate) mod handle;
mod methods;
mod named;
mod nested;
mod nowhere;
mod pace;
mod placed;
pub(crate) mod request;
mod request_state;
pub(crate) mod sessions;
pub(crate) mod sweep;
pub(crate) mod watched;
