use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use session_core::{Moment, StoreError};

use super::form::Form;

/// Django's table in one database: statements on single rows, and walks over all of them.
///
/// Moments are texts of the column, as the database shows and takes them.
#[async_trait]
pub(crate) trait Table: fmt::Debug + Send + Sync + 'static {
    /// Returns the row of a key.
    async fn find(&self, key: &str) -> Result<Option<Row>, StoreError>;

    /// Carries out a change, by one statement.
    async fn change(&self, change: Change<'_>) -> Result<Changed, StoreError>;

    /// Returns rows that come after a [place](Placed::place) in the order of their places; the first
    /// after an empty one.
    async fn batch(&self, after: &str, limit: i64) -> Result<Vec<Placed>, StoreError>;

    /// Returns the first keys, from their index.
    async fn smallest(&self, limit: i64) -> Result<Vec<String>, StoreError>;

    /// Returns the data of the rows that end last, from the index on that column.
    async fn newest(&self, limit: i64) -> Result<Vec<String>, StoreError>;

    /// Removes at most `limit` rows that end at a moment or before, and returns how many it removed.
    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError>;

    /// Returns the time by the clock of the database's machine; `None` if that is this one.
    async fn time(&self) -> Result<Option<Moment>, StoreError>;

    /// Succeeds if the table can be read and written to.
    async fn check(&self) -> Result<(), StoreError>;

    /// Closes the connections once the running calls are done.
    async fn close(&self);

    /// Says whether a row that gets a new key keeps its place in walks.
    fn rows_stay(&self) -> bool;

    /// Returns how the column has its moments.
    fn form(&self) -> &Form;

    /// Returns how long any call may take.
    fn limit(&self) -> Duration;

    /// Makes an error of a call that took longer.
    fn too_slow(&self, doing: &str) -> StoreError;
}

/// The two columns that change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// `session_data`.
    pub(crate) token: String,
    /// `expire_date`.
    pub(crate) ends: String,
}

/// A row of a walk.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) place: String,
    pub(crate) key: String,
    pub(crate) row: Row,
}

/// A change of at most one row, whose condition and effect are one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change<'c> {
    Delete {
        key: &'c str,
    },
    /// If it ends at the moment or before.
    DeleteOver {
        key: &'c str,
        moment: &'c str,
    },
    /// If the key is free.
    Insert {
        key: &'c str,
        row: &'c Row,
    },
    /// If the row is still the old one, and the new key is free.
    Move {
        key: &'c str,
        to: &'c str,
        old: &'c Row,
        new: &'c Row,
    },
    /// If the row is still the old one.
    Swap {
        key: &'c str,
        old: &'c Row,
        new: &'c Row,
    },
    /// Removes the row if it is still the old one.
    Take {
        key: &'c str,
        old: &'c Row,
    },
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Whether a row met the condition.
    pub(crate) is_done: bool,
    /// Whether the statement ran again after a connection broke, and so may have been done before.
    pub(crate) is_repeated: bool,
}
