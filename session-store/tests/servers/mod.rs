//! What the stores on database servers are tested with.

pub mod browser;
pub mod costs;
pub mod outages;
pub mod processes;
pub mod races;
