//! Header bytes in, headers out.

pub(crate) mod cookie;
pub(crate) mod reply;
