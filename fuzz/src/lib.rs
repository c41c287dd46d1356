//! Fuzz targets of what reads bytes that others wrote: browsers, tables, servers.
//!
//! Each takes an input, draws from it what it needs ([`Draw`]), and compares with something else that knows the answer: a
//! simple reader, another crate's, another store, or the way back. `cargo test` runs each for a second, after the inputs that
//! are kept in `corpus`; `scripts/fuzz` runs one for as long as wanted, guided by the coverage.
#![forbid(unsafe_code)]

mod bearer_header;
mod cookie_header;
mod django_json;
mod django_token;
mod draw;
mod records;
mod redis_replies;
mod redis_server;
mod rig;
mod sealed_cookie;
mod set_cookie;
mod store_commands;
mod tables;

// The two forms of a record in bytes are private, so they are compiled here once more.
#[allow(dead_code, reason = "parts of it are for scripts and lists")]
#[rustfmt::skip]
#[path = "../../session-store/src/redis/row.rs"]
mod row;
#[rustfmt::skip]
#[path = "../../session-core/src/driver/sealed_text.rs"]
mod sealed_text;

pub use draw::Draw;

/// A function that takes an input, and panics if something is wrong.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 9] = [
    ("bearer_header", bearer_header::bearer_header),
    ("cookie_header", cookie_header::cookie_header),
    ("django_token", django_token::django_token),
    ("records", records::records),
    ("redis_replies", redis_replies::redis_replies),
    ("sealed_cookie", sealed_cookie::sealed_cookie),
    ("set_cookie", set_cookie::set_cookie),
    ("store_commands", store_commands::store_commands),
    ("tables", tables::tables),
];

/// Returns the target of a name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    let named = TARGETS.iter().find(|(other, _)| *other == name);
    named.map(|(_, target)| *target)
}

// What `sealed_text` finds in its own crate.
use session_core::{Digest, Moment, Record, Revision, from_micros, to_micros};

/// The core's, which other crates can't make.
#[derive(Debug)]
struct Enclosed {
    record: Record,
    epoch: u64,
}
