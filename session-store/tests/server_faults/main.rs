//! Servers break under traffic whose acknowledged writes are kept in a ledger, and each fault becomes
//! a row of the table in this crate's README: requests, 503s, longest, recovered after, acknowledged
//! writes lost.
//!
//! With `FULL=1` stores have their usual time-out, servers are cut off for longer, and one more fault is
//! played: these are the figures of the README.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "mysql", feature = "postgres", feature = "redis"))]

#[path = "../servers/browser.rs"]
#[allow(dead_code, reason = "the SQL stores' tests use the rest")]
mod browser;
mod ledger;
mod mariadb;
mod postgres;
mod redis;
mod traffic;

use std::thread;
use std::time::Duration;

use session_servers::skips;

use traffic::Row;

/// Prints a fault's row.
fn tell(server: &str, fault: &str, row: &Row) {
    println!("| {server} | {fault} | {row} |");
}

/// Says whether a program is not installed, and the current test has to end.
fn lacks(programs: &[&str]) -> bool {
    let thread = thread::current();
    skips(thread.name().unwrap_or("a test"), programs)
}

fn is_full() -> bool {
    std::env::var_os("FULL").is_some()
}

/// The time-out of the stores: the default, or less.
fn limit() -> Duration {
    Duration::from_secs(if is_full() { 5 } else { 1 })
}

/// How often each client asks while something is cut off, before it dies: a hundred times a second at most.
fn while_cut_off() -> usize {
    if is_full() { 500 } else { 100 }
}
