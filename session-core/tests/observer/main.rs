//! What an observer is told, and that neither it nor a renderer can break an answer.
#![allow(clippy::unwrap_used)]

mod answers;
mod begins;
mod driven;
mod ends;
mod failures;
mod limits;
mod log;
mod notes;
mod passed_on;
mod presented;
mod reentrant;
mod rows;
#[path = "../util/mod.rs"]
mod util;
