//! Each recipe does what its first sentence says.
#![allow(clippy::unwrap_used, reason = "a test")]

mod browser;
mod index;
mod login;
mod new_password;
mod recipes;
mod shops;
mod steps;
mod time;
