//! Sweeps of database servers under traffic; Redis frees by itself.

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

/// Held by each test, because concurrent tests would disturb the measurement.
static SERIAL: Mutex<()> = Mutex::const_new(());

/// The number of processes that have the store open.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PROCESSES: usize = 2;

/// Returns the numbers and keys of the live sessions as rows of SQL, in chunks of 1,000.
///
/// `hex` writes bytes as the server's SQL does.
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
