//! The showcase on threads and plain sockets: how to wire `session-core` into a server of your
//! own, without an adapter and without async.
//!
//! ```text
//! server.rs ──▶ a thread a connection ──▶ connection.rs ──▶ head.rs, body.rs     the request
//!                                              │
//!                                           site.rs ──▶ by_hand.rs                the session
//!                                              │
//!                                              └───▶ response.rs                  the response
//! ```
//!
//! **Read `by_hand.rs`**; it is all that sessions need. `site.rs` shows where its two ends belong:
//! before the handler, and between the response's status and its first byte. `in_cookies.rs` is for sessions
//! without a store. The rest is a small HTTP server like any other.

mod body;
mod by_hand;
mod connection;
mod events;
mod head;
mod in_cookies;
mod refusal;
mod response;
mod seats;
mod server;
mod site;
#[cfg(test)]
mod tests;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    showcase::run_blocking("blocking", server::serve)
}
