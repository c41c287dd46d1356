//! What stands between the core and a store.

pub(crate) mod address;
mod base64url;
pub(crate) mod command;
pub(crate) mod effect;
#[cfg(feature = "driver")]
pub(crate) mod envelope;
#[cfg(feature = "driver")]
pub(crate) mod epochs;
pub(crate) mod error;
pub(crate) mod expiry;
pub(crate) mod id;
pub(crate) mod id_form;
pub(crate) mod index;
pub(crate) mod key;
pub(crate) mod label;
pub(crate) mod moment;
pub(crate) mod plain_id;
pub(crate) mod public_id;
pub(crate) mod record;
mod scan;
pub(crate) mod secrets;
#[cfg(feature = "driver")]
pub(crate) mod store;
#[cfg(feature = "driver")]
pub(crate) mod store_facts;
pub(crate) mod value_rule;
pub(crate) mod values;
pub(crate) mod walk;
