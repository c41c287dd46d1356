use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_core::StoreError;
use sqlx::Error;
use sqlx::sqlite::SqliteRow;

use super::checkpointer::Checkpointer;
use super::failure::Location;
use super::files::Files;
use super::queue::{Queue, Wanted, Write, Written};
use super::seats::Seats;
use crate::sql::Value;

/// An open database.
pub(crate) struct Database {
    pub(super) location: Location,
    pub(super) files: Arc<Files>,
    pub(super) connections: Connections,
    writes: Arc<Queue>,
    pub(super) is_closed: AtomicBool,
    /// How long any call may take.
    pub(super) limit: Duration,
}

/// The connections to a database.
pub(super) struct Connections {
    /// One, unless they are a pool of the application's.
    pub(super) writer: Arc<Seats>,
    pub(super) readers: Arc<Seats>,
    /// `None` for a database whose log is none or not ours.
    pub(super) checkpointer: Option<Arc<Checkpointer>>,
}

impl Connections {
    /// Takes connections each of which reads and writes.
    pub(super) fn shared(seats: Seats) -> Self {
        let seats = Arc::new(seats);
        Self {
            writer: Arc::clone(&seats),
            readers: seats,
            checkpointer: None,
        }
    }
}

impl Database {
    pub(super) fn new(
        location: Location,
        files: Arc<Files>,
        connections: Connections,
        timeout: Duration,
    ) -> Self {
        Self {
            location,
            writes: Queue::new(Arc::clone(&connections.writer), Arc::clone(&files)),
            files,
            connections,
            is_closed: AtomicBool::new(false),
            limit: timeout * 2,
        }
    }

    pub(crate) fn readers(&self) -> &Seats {
        &self.connections.readers
    }

    /// Returns how long any call may take.
    #[cfg(feature = "django")]
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Makes an error of a call that took longer.
    #[cfg(feature = "django")]
    pub(crate) fn too_slow(&self, doing: &str) -> StoreError {
        self.location.too_slow(doing)
    }

    /// Runs a statement that writes and returns how many rows it changed.
    pub(crate) async fn execute(
        &self,
        doing: &str,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> Result<usize, StoreError> {
        let write = Write::new(text, values, Wanted::Count);
        Ok(self.queue(doing, write).await?.changed)
    }

    /// Runs a statement that writes and returns its rows.
    pub(super) async fn execute_returning(
        &self,
        doing: &str,
        text: &Arc<str>,
        values: &[Value<'_>],
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let write = Write::new(text, values, Wanted::Rows);
        Ok(self.queue(doing, write).await?.rows)
    }

    async fn queue(&self, doing: &str, write: Result<Write, Error>) -> Result<Written, StoreError> {
        let write = write.map_err(|error| self.location.failure(doing, error))?;
        self.refuse_if_closed(doing)?;
        let answer = self.within(doing, self.writes.run(write)).await;
        // The queue has looked.
        let are_lost = self.files.are_known_to_be_lost();
        let written = self.unless(are_lost, doing, answer)?;
        if let Some(checkpointer) = &self.connections.checkpointer {
            checkpointer.count(written.changed).await;
        }
        Ok(written)
    }

    /// Limits the time of a call that writes, and acknowledges nothing in files that are lost.
    pub(crate) async fn write<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        self.refuse_if_closed(doing)?;
        let answer = self.within(doing, work).await;
        self.unless(self.files.are_lost(), doing, answer)
    }

    /// Limits the time of a call that reads.
    pub(crate) async fn read<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        self.refuse_if_closed(doing)?;
        let answer = self.within(doing, work).await;
        self.unless(self.files.were_lost(), doing, answer)
    }

    /// Comes first, because whoever closes the file removes the log.
    fn refuse_if_closed(&self, doing: &str) -> Result<(), StoreError> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(self.location.closed(doing));
        }
        Ok(())
    }

    fn unless<T>(
        &self,
        are_lost: bool,
        doing: &str,
        answer: Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if are_lost {
            return Err(self.location.lost(doing));
        }
        answer
    }

    async fn within<T, E: Into<Arc<Error>>>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, StoreError> {
        // A connection that can't be opened is tried again for as long as the call may take.
        if self.files.are_known_to_be_lost() {
            return Err(self.location.lost(doing));
        }
        match tokio::time::timeout(self.limit, work).await {
            Ok(answer) => answer.map_err(|error| self.location.failure(doing, error)),
            Err(_) => Err(self.location.too_slow(doing)),
        }
    }

    pub(crate) async fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.connections.readers.close().await;
        if let Some(checkpointer) = &self.connections.checkpointer {
            checkpointer.close().await;
        }
        // The last connection moves the log into the file and removes it.
        self.connections.writer.close().await;
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.location, f)
    }
}
