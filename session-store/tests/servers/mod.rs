//! Tests that every store on a database server has to pass.

pub mod browser;
pub mod costs;
pub mod outages;
pub mod processes;
pub mod races;
