//! Us and the peers, measured in one run.
//!
//! A [`Peer`] is one library on one framework. It makes applications for each [`Backend`] that it has a store for:
//! to be called in process, by the instruments of `session-costs`, and to be served over sockets.

#![forbid(unsafe_code)]

mod backend;
pub mod cores;
pub mod defects;
pub mod memory;
mod peer;
pub mod peers;
pub mod plots;
pub mod report;
pub mod results;
pub mod sockets;

pub use backend::{Backend, Durability};
pub use peer::{Peer, Served, Shared};
pub use peers::{entries, peers};
