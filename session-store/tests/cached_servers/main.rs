//! Caches that listen to database servers: what one node writes, the other sees at once, and
//! within the bound where nobody can tell it.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cached", feature = "postgres", feature = "redis"))]

mod nodes;
mod postgres;
mod proxy;
mod redis;
mod suites;
mod watched;
