pub(crate) mod contention;
pub(crate) mod drive;
pub(crate) mod handle;
mod named;
mod pace;
pub(crate) mod request;
pub(crate) mod sessions;
mod sweep;
pub(crate) mod sweeping;
