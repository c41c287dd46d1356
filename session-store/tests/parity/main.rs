//! What Django's own tests of its sessions ask for, of a real Django site's table.
//!
//! A comment above a test names the tests of Django that it answers. The table in `TABLE.md` is made of
//! them.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cached", feature = "django", feature = "sqlite"))]

mod cookies;
mod lifetimes;
mod middleware;
mod rows;
mod site;
mod table;
mod values;
