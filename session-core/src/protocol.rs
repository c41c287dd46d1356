//! Decisions as values: no async, no store, no lock but the state's.

pub(crate) mod ask;
pub(crate) mod changes;
pub(crate) mod claim;
pub(crate) mod commit;
pub(crate) mod data;
pub(crate) mod draw;
pub(crate) mod entries;
pub(crate) mod exchange;
pub(crate) mod field;
pub(crate) mod json;
pub(crate) mod life;
pub(crate) mod log;
pub(crate) mod page;
pub(crate) mod pending;
pub(crate) mod replay;
pub(crate) mod revocation;
pub(crate) mod rotation;
mod scan;
pub(crate) mod session;
pub(crate) mod settle;
pub(crate) mod shared;
pub(crate) mod sign_in;
pub(crate) mod standing;
pub(crate) mod state;
pub(crate) mod step;
pub(crate) mod whole;
pub(crate) mod writer;
