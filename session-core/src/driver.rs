pub(crate) mod contention;
pub(crate) mod handle;
mod named;
pub(crate) mod request;
