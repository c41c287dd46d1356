use std::time::Duration;

use session_core::StoreError;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Sqlite, SqlitePool};

use super::checkpointer::Checkpointer;
use super::failure::Location;
use super::statements::Statements;

/// An open database with one connection for writes and some for reads.
pub(super) struct Database {
    pub(super) location: Location,
    pub(super) writer: SqlitePool,
    pub(super) readers: SqlitePool,
    /// `None` for a database in memory, which has no log.
    pub(super) checkpointer: Option<Checkpointer>,
    pub(super) statements: Statements,
    /// How long any call may take.
    pub(super) limit: Duration,
}

impl Database {
    /// Runs a statement that writes and returns how many rows it changed.
    pub(super) async fn execute(
        &self,
        doing: &str,
        statement: Statement<'_>,
    ) -> Result<usize, StoreError> {
        let done = self.within(doing, statement.execute(&self.writer)).await?;
        let changed = usize::try_from(done.rows_affected()).unwrap_or(usize::MAX);
        self.checkpoint_after(changed).await;
        Ok(changed)
    }

    /// Runs a statement that writes and returns its rows.
    pub(super) async fn execute_returning(
        &self,
        doing: &str,
        statement: Statement<'_>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let rows = self
            .within(doing, statement.fetch_all(&self.writer))
            .await?;
        self.checkpoint_after(rows.len()).await;
        Ok(rows)
    }

    pub(super) async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.limit, work).await {
            Ok(answer) => answer.map_err(|error| self.location.failure(doing, error)),
            Err(_) => Err(self.location.too_slow(doing)),
        }
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        if let Some(checkpointer) = &self.checkpointer {
            checkpointer.close().await;
        }
        // The last connection moves the log into the file and removes it.
        self.writer.close().await;
    }

    async fn checkpoint_after(&self, changed: usize) {
        let checkpointer = self.checkpointer.as_ref();
        let Some(checkpointer) = checkpointer.filter(|it| it.is_due_after(changed)) else {
            return;
        };
        let checkpoint = self.within("empty the log of", checkpointer.checkpoint());
        if let Err(error) = checkpoint.await {
            tracing::warn!(%error, "a checkpoint failed; the log grows until the next one");
        }
    }
}

type Statement<'q> = Query<'q, Sqlite, SqliteArguments>;
