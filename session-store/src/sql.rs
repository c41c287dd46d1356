//! What the stores on database servers share: everything but how each server is reached and what
//! its SQL has of its own, which is its [`Dialect`].

mod address;
mod dialect;
mod driver;
mod name;
mod outcome;
mod pool;
mod public_store;
mod statements;
mod store;
mod sweep_cursor;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub(crate) use address::parse;
pub(crate) use dialect::{Dialect, Effect, Kind};
pub(crate) use driver::Driver;
pub(crate) use name::check_name;
pub(crate) use outcome::{Attempt, outcome};
pub(crate) use pool::{Pool, Server, Verdict};
pub(crate) use public_store::public_store;
pub(crate) use statements::Statements;
pub(crate) use store::SqlStore;
pub(crate) use sweep_cursor::SweepCursor;
pub(crate) use value::Value;
