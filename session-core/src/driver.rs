pub(crate) mod contention;
pub(crate) mod drive;
pub(crate) mod handle;
mod named;
pub(crate) mod request;
pub(crate) mod sessions;
