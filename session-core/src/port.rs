//! What stands between the core and a store.

mod base64url;
pub(crate) mod command;
#[cfg(feature = "driver")]
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod expiry;
pub(crate) mod id;
pub(crate) mod id_form;
pub(crate) mod key;
pub(crate) mod moment;
pub(crate) mod plain_id;
pub(crate) mod public_id;
pub(crate) mod record;
pub(crate) mod secrets;
#[cfg(feature = "driver")]
pub(crate) mod store;
pub(crate) mod value_rule;
