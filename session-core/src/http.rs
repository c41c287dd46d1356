pub(crate) mod cookie;
pub(crate) mod reply;
