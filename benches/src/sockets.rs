//! Servers in processes of their own, and what a load generator sees of them.
//!
//! ```text
//! core 0: this program (idle), the server that is measured, its database      core 1: the load generator
//! ```
//!
//! All servers stand beside each other, idle but for the one whose turn it is.

pub mod commands;
pub mod databases;
pub mod load;
pub mod owners;
pub mod running;
pub mod throughput;

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result};

/// The core of servers and databases.
const SERVERS: &str = "0";
/// The core of the load generator.
const LOAD: &str = "1";

/// Starts this program again on the servers' core, unless it is there; what it starts stays there.
pub fn stay_apart() -> Result<()> {
    const MARK: &str = "BENCHES_PINNED";
    if std::env::var_os(MARK).is_some() {
        return Ok(());
    }
    let error = Command::new("taskset")
        .args(["-c", SERVERS])
        .arg(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(MARK, "1")
        .exec();
    Err(error).context("taskset, of util-linux")
}
