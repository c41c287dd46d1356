use std::fmt;

use async_trait::async_trait;
use session_core::time::Duration;
use session_core::{Cursor, Moment, StoreError};

/// Where a library keeps its sessions: rows under ids.
#[async_trait]
pub(super) trait Table: fmt::Debug + Send + Sync + 'static {
    /// Returns the row of an id.
    async fn read(&self, id: &str) -> Result<Option<Row>, StoreError>;

    /// Puts other bytes into a row that has these, and leaves its end alone; says whether it had them.
    async fn swap(&self, id: &str, old: &[u8], new: &[u8]) -> Result<bool, StoreError>;

    /// Removes a row, whatever it has or if it has these bytes; says whether it was there.
    async fn remove(&self, id: &str, only: Option<&[u8]>, now: Moment) -> Result<bool, StoreError>;

    /// Returns ids from a place on, about `limit`.
    async fn page(&self, from: &Cursor, limit: usize) -> Result<Page, StoreError>;

    /// Succeeds if the table can be read and written to; it is not changed.
    async fn check(&self) -> Result<(), StoreError> {
        self.read(PROBE).await?;
        self.swap(PROBE, b"", b"").await?;
        self.remove(PROBE, None, Moment::UNIX_EPOCH).await?;
        Ok(())
    }

    /// Closes the connections.
    async fn close(&self);
}

/// An id that no library makes.
pub(super) const PROBE: &str = "session-probe";

/// A row's bytes, and how long it still lives where that is not among them.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) data: Vec<u8>,
    pub(super) left: Option<Duration>,
}

/// Ids of a walk.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) ids: Vec<String>,
    pub(super) next: Option<Cursor>,
}
