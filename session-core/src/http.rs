//! Header bytes in, headers out.

mod caching;
pub(crate) mod cookie;
mod refusal;
pub(crate) mod reply;
