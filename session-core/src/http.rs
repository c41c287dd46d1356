//! Header bytes in, headers out.

pub(crate) mod bearer;
mod caching;
pub(crate) mod cookie;
mod header_map;
mod refusal;
pub(crate) mod reply;
