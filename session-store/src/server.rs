//! The parts that the stores on database servers share. The rest of each server is its [`Dialect`].

mod address;
mod cause;
mod dialect;
mod lent;
mod outcome;
mod pool;
mod public_store;
mod store;
mod sweep_cursor;
mod table;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use address::parse;
pub(crate) use cause::cause;
pub(crate) use dialect::Dialect;
pub(crate) use lent::Lent;
pub(crate) use outcome::{Attempt, outcome};
#[cfg(feature = "postgres")]
pub(crate) use pool::Ending;
pub(crate) use pool::{Pool, Server, Verdict, server_limit};
pub(crate) use public_store::public_store;
pub(crate) use store::SqlStore;
pub(crate) use sweep_cursor::SweepCursor;
#[cfg(feature = "django")]
pub(crate) use table::{prepare, refuse_unfit, try_rights};
