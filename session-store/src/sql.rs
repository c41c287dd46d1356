//! The parts that all SQL stores share: their statements, and how a record is a row.

mod driver;
mod name;
mod statements;
#[cfg(test)]
pub(crate) mod tests;
mod value;

pub(crate) use driver::Driver;
pub(crate) use name::check_name;
pub(crate) use statements::{Effect, LISTED, Statements};
pub(crate) use value::Value;
