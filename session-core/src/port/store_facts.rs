use std::borrow::Cow;

use crate::Moment;

/// What a store says of itself, for a [`Report`](crate::Report). What it does not know is `None`, and then there is no line.
///
/// ```
/// use session_core::StoreFacts;
///
/// let mut facts = StoreFacts::of("a file for each session");
/// facts.outlives_process = Some(true);
/// facts.sweeps = Some(false); // it waits for somebody who calls `Store::sweep`
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreFacts {
    /// What it is, in words for people; by default "the store".
    pub kind: Cow<'static, str>,
    /// Whether its sessions are still there when the process has been started again.
    pub outlives_process: Option<bool>,
    /// The present moment by the clock of its server.
    pub time: Option<Moment>,
    /// Whether what is over is removed without the application.
    pub sweeps: Option<bool>,
    /// The version of its table, which is one that this release can use.
    pub table_version: Option<i64>,
}

impl Default for StoreFacts {
    fn default() -> Self {
        Self::of("the store")
    }
}

impl StoreFacts {
    /// Begins with the kind of store alone.
    #[must_use]
    pub fn of(kind: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: kind.into(),
            outlives_process: None,
            time: None,
            sweeps: None,
            table_version: None,
        }
    }
}
