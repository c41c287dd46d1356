//! What real Django wrote and read, and what it did with it: the vectors beside this file.
#![cfg(feature = "django")]
#![allow(clippy::unwrap_used)]

mod assignments;
mod expiries;
mod hostile;
mod logins;
mod rows;
mod settings;
mod tokens;
#[path = "../util/mod.rs"]
mod util;
mod vectors;
