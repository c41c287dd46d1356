//! What the stores on database servers share.

mod address;
mod name;
mod outcome;
mod pool;
mod progress;
mod row;

pub(crate) use address::parse;
pub(crate) use name::check_name;
pub(crate) use outcome::{Tried, outcome};
pub(crate) use pool::{Pool, Server, Verdict};
pub(crate) use progress::Progress;
pub(crate) use row::{Fields, found, public_id};
