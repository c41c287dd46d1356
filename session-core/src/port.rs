pub(crate) mod id;
pub(crate) mod key;
pub(crate) mod record;
pub(crate) mod store;
