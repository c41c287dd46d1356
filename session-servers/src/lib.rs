//! Throw-away database servers for tests.
//!
//! Each server is a process of its own on free ports of 127.0.0.1, with its files in a temporary
//! folder; it ends when it is dropped. A test can freeze it, kill it and start it again. Where the
//! program is not installed, [`skips`] says so loudly and the test ends; in CI that is a failure.

mod port;
mod process;
mod program;

pub use port::free_port;
pub use process::Process;
pub use program::{program, skips};
