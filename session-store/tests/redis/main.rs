//! The Redis store against real servers: one, with TLS, behind Sentinel, and a cluster.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "redis")]

#[path = "../workers/mod.rs"]
mod a_blocked_worker;
#[path = "../estimates/mod.rs"]
mod a_number;
#[path = "../servers/browser.rs"]
#[allow(dead_code, reason = "the SQL stores' tests use the rest")]
mod browser;
mod connections;
mod counter;
mod counts;
mod cuts;
mod endings;
mod estimates;
mod evictions;
mod formats;
mod links;
mod listings;
mod many;
mod outages;
mod processes;
mod rights;
mod suite;
mod sweeping;
mod unreadable;
mod workers;
