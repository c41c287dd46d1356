//! Header bytes in, headers out.

pub(crate) mod cookie;
mod refusal;
pub(crate) mod reply;
