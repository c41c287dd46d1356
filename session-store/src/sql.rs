//! The parts that all SQL stores share: their statements, and how a record is a row.

mod driver;
mod format;
mod held;
mod name;
mod page;
mod regular;
mod statements;
#[cfg(test)]
pub(crate) mod tests;
mod upgrade;
mod value;

pub(crate) use driver::{Driver, Prepared};
pub(crate) use format::{Column, Found, FoundColumn, OLDEST, Presence, VERSION};
pub(crate) use held::Held;
pub(crate) use name::check_name;
pub(crate) use page::page;
pub(crate) use regular::irregular;
pub(crate) use statements::{EMPTY, Effect, LISTED, ROOM, Statements};
pub(crate) use upgrade::{Migration, Need, Schema, Trouble, change, look};
pub(crate) use value::Value;
