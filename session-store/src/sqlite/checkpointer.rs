use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::failure::Location;
use super::seats::Seats;

/// A connection that moves the write-ahead log into the database.
///
/// By itself SQLite checkpoints in the write that makes the log too long, while all other writers
/// wait for the disk: rare in normal traffic, but several times a second during a sweep. Here
/// only the call after which a checkpoint is due waits for it, and not for long: without a pause
/// of the writers the log is never used from its beginning again.
pub(super) struct Checkpointer {
    connection: Seats,
    location: Location,
    /// The number of rows changed since the last checkpoint began.
    changed: AtomicUsize,
    is_running: AtomicBool,
}

impl Checkpointer {
    pub(super) fn new(connection: Seats, location: Location) -> Arc<Self> {
        Arc::new(Self {
            connection,
            location,
            changed: AtomicUsize::new(0),
            is_running: AtomicBool::new(false),
        })
    }

    /// Counts changed rows, and starts a checkpoint if one is due.
    pub(super) async fn count(self: &Arc<Self>, changed: usize) {
        let all = self.changed.fetch_add(changed, Ordering::Relaxed) + changed;
        if all < CHANGED || self.is_running.swap(true, Ordering::Acquire) {
            return;
        }
        self.changed.store(0, Ordering::Relaxed);
        let running = Running(Arc::clone(self));
        let checkpoint = tokio::spawn(async move {
            let Checkpointer {
                connection,
                location,
                ..
            } = &*running.0;
            // The part of the log that no reader needs, without blocking writers.
            let checkpoint = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
            if let Err(error) = connection.all(checkpoint).await {
                tracing::warn!(%error, %location, "a checkpoint failed; the log grows until the next one");
            }
        });
        // It goes on if this wait ends.
        _ = tokio::time::timeout(PAUSE, checkpoint).await;
    }

    /// Waits for a checkpoint that is running, and closes the connection.
    pub(super) async fn close(&self) {
        self.connection.close().await;
    }

    /// Returns the number of rows changed since the last checkpoint began.
    #[cfg(test)]
    pub(super) fn changed(&self) -> usize {
        self.changed.load(Ordering::Relaxed)
    }

    /// Keeps the connection busy until the answer is dropped.
    #[cfg(test)]
    pub(super) async fn connection(&self) -> super::seats::Seat<'_> {
        let taken = self.connection.take().await;
        taken.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A checkpoint that is running, also if its task is dropped.
struct Running(Arc<Checkpointer>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
    }
}

/// The number of changed rows after which a checkpoint is due.
///
/// A row takes two or three pages, and SQLite's own limit is 1,000 pages.
const CHANGED: usize = 400;

/// How long a call waits for a checkpoint; most end in less.
const PAUSE: Duration = Duration::from_millis(40);
