use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::SqlitePool;

/// Moves the write-ahead log into the database, on a connection of its own.
///
/// By itself SQLite has the writer that makes the log too long do this, and all other writers wait
/// for the disk meanwhile: rare while requests write, but several times a second during a sweep.
#[derive(Debug)]
pub(super) struct Checkpointer {
    connection: SqlitePool,
    /// How many rows were changed since the last checkpoint.
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

    /// Moves what no reader needs any more; writers go on meanwhile.
    pub(super) async fn checkpoint(&self) -> Result<(), sqlx::Error> {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        checkpoint.execute(&self.connection).await.map(drop)
    }

    pub(super) async fn close(&self) {
        self.connection.close().await;
    }
}

/// A change takes two or three pages, and SQLite's own limit is a thousand of them.
const CHANGED: usize = 400;
