use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::SqlitePool;

/// A connection that moves the write-ahead log into the database.
///
/// By itself SQLite checkpoints in the write that makes the log too long, while all other writers
/// wait for the disk: rare in normal traffic, but several times a second during a sweep.
#[derive(Debug)]
pub(super) struct Checkpointer {
    connection: SqlitePool,
    /// The number of rows changed since the last checkpoint.
    changed: AtomicUsize,
}

impl Checkpointer {
    pub(super) fn new(connection: SqlitePool) -> Self {
        Self {
            connection,
            changed: AtomicUsize::new(0),
        }
    }

    /// Counts changed rows and says whether a checkpoint is due.
    pub(super) fn is_due_after(&self, changed: usize) -> bool {
        let all = self.changed.fetch_add(changed, Ordering::Relaxed) + changed;
        let is_due = all >= CHANGED;
        if is_due {
            self.changed.store(0, Ordering::Relaxed);
        }
        is_due
    }

    /// Moves the part of the log that no reader needs, without blocking writers.
    pub(super) async fn checkpoint(&self) -> Result<(), sqlx::Error> {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        checkpoint.execute(&self.connection).await.map(drop)
    }

    pub(super) async fn close(&self) {
        self.connection.close().await;
    }
}

/// The number of changed rows after which a checkpoint is due.
///
/// A row takes two or three pages, and SQLite's own limit is 1,000 pages.
const CHANGED: usize = 400;
