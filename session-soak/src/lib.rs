//! A soak of the whole: real servers of the showcase on real stores, under mixed clients and faults, judged by an outside
//! ledger.
//!
//! Visitors send parallel requests with one cookie, sign in and out, rotate ids, revoke devices and go away in the
//! middle; others flood the servers with cookies that open nothing, or send and read slowly. Meanwhile stores and
//! servers are killed, frozen and cut off. The ledger knows only what was asked for and what was answered, and
//! [`Invariant`]s say what must follow.

mod book;
mod finale;
mod flood;
mod guest;
mod invariant;
mod ledger;
mod node;
mod options;
mod place;
mod report;
mod scene;
mod site;
mod slow;
mod soak;
mod traffic;
mod trouble;
mod visitor;
mod wire;

pub use invariant::{Breach, Checks, Invariant};
pub use ledger::{Ledger, Look, Standing, Told};
pub use options::{Framework, Kind, Options};
pub use report::Report;
pub use soak::{Crowd, soak, soak_at};
