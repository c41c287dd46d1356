use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_core::StoreError;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqlitePool};

use super::checkpointer::Checkpointer;
use super::failure::Location;
use super::files::Files;

/// An open database.
pub(crate) struct Database {
    pub(super) location: Location,
    pub(super) files: Arc<Files>,
    pub(super) connections: Connections,
    pub(super) is_closed: AtomicBool,
    /// How long any call may take.
    pub(super) limit: Duration,
}

/// The connections to a database.
pub(super) enum Connections {
    /// One for writes, and some for reads.
    Own {
        writer: SqlitePool,
        readers: SqlitePool,
        /// `None` for a database in memory, which has no log.
        checkpointer: Option<Arc<Checkpointer>>,
    },
    /// A pool of the application's.
    Shared(SqlitePool),
}

impl Connections {
    pub(super) fn writer(&self) -> &SqlitePool {
        let (Self::Own { writer, .. } | Self::Shared(writer)) = self;
        writer
    }

    pub(super) fn readers(&self) -> &SqlitePool {
        let (Self::Own { readers, .. } | Self::Shared(readers)) = self;
        readers
    }

    pub(super) fn checkpointer(&self) -> Option<&Arc<Checkpointer>> {
        match self {
            Self::Own { checkpointer, .. } => checkpointer.as_ref(),
            Self::Shared(_) => None,
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
            files,
            connections,
            is_closed: AtomicBool::new(false),
            limit: timeout * 2,
        }
    }

    #[cfg(feature = "django")]
    pub(crate) fn readers(&self) -> &SqlitePool {
        self.connections.readers()
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
        statement: Statement<'_>,
    ) -> Result<usize, StoreError> {
        let done = self
            .write(doing, statement.execute(self.connections.writer()))
            .await?;
        let changed = usize::try_from(done.rows_affected()).unwrap_or(usize::MAX);
        self.count(changed).await;
        Ok(changed)
    }

    /// Runs a statement that writes and returns its rows.
    pub(super) async fn execute_returning(
        &self,
        doing: &str,
        statement: Statement<'_>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = self
            .write(doing, statement.fetch_all(self.connections.writer()))
            .await?;
        self.count(rows.len()).await;
        Ok(rows)
    }

    /// Limits the time of a call that writes, and acknowledges nothing in files that are lost.
    pub(crate) async fn write<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        self.refuse_if_closed(doing)?;
        let answer = self.within(doing, work).await;
        self.unless(self.files.are_lost(), doing, answer)
    }

    /// Limits the time of a call that reads.
    pub(crate) async fn read<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
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

    async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
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
        let Connections::Own {
            writer,
            readers,
            checkpointer,
        } = &self.connections
        else {
            return;
        };
        readers.close().await;
        if let Some(checkpointer) = checkpointer {
            checkpointer.close().await;
        }
        // The last connection moves the log into the file and removes it.
        writer.close().await;
    }

    async fn count(&self, changed: usize) {
        if let Some(checkpointer) = self.connections.checkpointer() {
            checkpointer.count(changed).await;
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.location, f)
    }
}

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;
