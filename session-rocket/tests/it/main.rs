//! Tests of the adapter through real rockets.
// Rocket passes guards by value, consumed or not.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used)]

mod calm;
mod cost;
mod endings;
mod errors;
mod fresh;
mod guards;
mod headers;
mod launch;
mod outages;
mod own_handlers;
mod panics;
mod several;
mod support;
mod wire;
