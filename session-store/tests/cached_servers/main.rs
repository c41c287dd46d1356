//! Caches that listen to database servers see other nodes' writes at once.
//!
//! Without notices they see them within the bound.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "cached", feature = "postgres", feature = "redis"))]

mod nodes;
mod postgres;
mod proxy;
mod redis;
mod suites;
mod watched;
