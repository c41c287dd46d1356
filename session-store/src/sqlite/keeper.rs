use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::SqlitePool;

/// Empties the log into the database.
///
/// By itself SQLite lets the one who writes do so, and all other writers wait for the disk
/// meanwhile: a rare thing while requests write, but several times a second during a sweep.
#[derive(Debug)]
pub(super) struct Keeper {
    connection: SqlitePool,
    /// How many rows were changed since the last time.
    changed: AtomicUsize,
}

impl Keeper {
    pub(super) fn new(connection: SqlitePool) -> Self {
        Self {
            connection,
            changed: AtomicUsize::new(0),
        }
    }

    /// Takes note of changed rows and says whether the log is to be emptied.
    pub(super) fn is_due_after(&self, changed: usize) -> bool {
        let all = self.changed.fetch_add(changed, Ordering::Relaxed) + changed;
        let is_due = all >= CHANGED;
        if is_due {
            self.changed.store(0, Ordering::Relaxed);
        }
        is_due
    }

    /// Empties the log as far as nobody reads it; writers go on meanwhile.
    pub(super) async fn checkpoint(&self) -> Result<(), sqlx::Error> {
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)");
        checkpoint.execute(&self.connection).await.map(drop)
    }

    pub(super) async fn close(&self) {
        self.connection.close().await;
    }
}

/// A change takes two or three pages, and SQLite's own measure is a thousand of them.
const CHANGED: usize = 400;
