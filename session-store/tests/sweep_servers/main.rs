//! Sweeps of tables on database servers, from two sides that have visitors too; and what Redis frees by itself.

#![allow(clippy::unwrap_used)]
#![cfg(any(feature = "postgres", feature = "mysql", feature = "redis"))]

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[path = "../sweeps/mod.rs"]
mod sweeps;

use tokio::sync::Mutex;

/// One at a time, or they would measure each other.
static SERIAL: Mutex<()> = Mutex::const_new(());

/// How many have the store open, visitors and a sweeper.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PROCESSES: usize = 2;

/// Returns the live sessions' numbers and keys as rows of SQL, by the thousand; `hex` writes bytes
/// as the server does.
#[cfg(any(feature = "postgres", feature = "mysql"))]
fn live_keys(live: u64, hex: impl Fn(&str) -> String) -> Vec<String> {
    let rows: Vec<_> = (0..live)
        .map(|number| {
            // A session's handle is its key.
            let key = session_testkit::key_of(number).public_id().to_string();
            format!("({number}, {})", hex(&key))
        })
        .collect();
    rows.chunks(1_000).map(|rows| rows.join(", ")).collect()
}
