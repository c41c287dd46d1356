//! The Redis store against real servers: one, with TLS, behind Sentinel, and a cluster.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "redis")]

mod counts;
mod cuts;
mod endings;
mod outages;
mod processes;
mod suite;
mod visitor;
