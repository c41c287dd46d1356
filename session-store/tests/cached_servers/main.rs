//! Caches that listen to database servers see other nodes' writes at once.
//!
//! Without notices they see them within the bound.

#![allow(clippy::unwrap_used)]
#![cfg(all(
    feature = "cached",
    feature = "mysql",
    feature = "postgres",
    feature = "redis",
    feature = "sqlite"
))]

mod ends;
mod nodes;
mod postgres;
mod proxy;
mod redis;
mod suites;
mod watched;
