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
static TURN: Mutex<()> = Mutex::const_new(());

/// How many have the store open, visitors and a sweeper.
#[cfg(any(feature = "postgres", feature = "mysql"))]
const PROCESSES: usize = 2;
