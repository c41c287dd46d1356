//! Caches that listen to database servers: one node's writes are seen by the other at once, and
//! within the bound where no notice can arrive.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cached", feature = "postgres", feature = "redis"))]

mod nodes;
mod postgres;
mod proxy;
mod redis;
mod suites;
mod watched;
