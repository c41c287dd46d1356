//! The decisions as tables, and what they come to in each framework.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "handlers take their arguments so"
)]

mod csrf;
mod flash;
mod next;
mod token;
mod users;

#[cfg(feature = "actix")]
mod on_actix;
#[cfg(feature = "axum")]
mod on_axum;
#[cfg(feature = "rocket")]
mod on_rocket;
#[cfg(any(feature = "actix", feature = "axum", feature = "rocket"))]
mod shop;
