pub(crate) mod key;
pub(crate) mod public_id;
pub(crate) mod record;
pub(crate) mod secrets;
pub(crate) mod store;
