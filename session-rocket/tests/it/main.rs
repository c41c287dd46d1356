//! The adapter, driven through real rockets.
// A guard of Rocket is passed by value, used up or not.
#![allow(clippy::needless_pass_by_value, clippy::unwrap_used)]

mod cost;
mod endings;
mod guards;
mod headers;
mod launch;
mod outages;
mod panics;
mod several;
mod support;
mod wire;
