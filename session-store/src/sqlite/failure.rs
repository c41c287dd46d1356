use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use session_core::StoreError;

/// A database's name in error messages.
#[derive(Debug, Clone)]
pub(super) enum Location {
    File(PathBuf),
    Memory,
    /// The database of a pool of the application's.
    Pool,
}

impl Location {
    /// Makes an error that names the call, the database and the remedy.
    pub(super) fn failure(&self, doing: &str, error: impl Into<Arc<sqlx::Error>>) -> StoreError {
        let error = error.into();
        let reason = reason(&error);
        let failure = StoreError::new(format!("can't {doing} {self}: {reason}"));
        match Arc::try_unwrap(error) {
            Ok(error) => failure.caused_by(error),
            Err(shared) => failure.caused_by(shared),
        }
    }

    /// Makes an error of files that are not those that were opened.
    pub(super) fn lost(&self, doing: &str) -> StoreError {
        StoreError::new(format!(
            "can't {doing} {self}: it or its log was removed or replaced while it was open; put it \
             right and restart this program"
        ))
    }

    pub(super) fn closed(&self, doing: &str) -> StoreError {
        StoreError::new(format!("can't {doing} {self}: the store was closed"))
    }

    pub(super) fn too_slow(&self, doing: &str) -> StoreError {
        StoreError::new(format!(
            "can't {doing} {self}: the disk or another program took too long"
        ))
    }
}

impl Location {
    /// Says whether what is stored there is there after a restart; nobody knows of a pool's.
    pub(super) fn outlives_process(&self) -> Option<bool> {
        match self {
            Self::File(_) => Some(true),
            Self::Memory => Some(false),
            Self::Pool => None,
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Memory => f.write_str("the database in memory"),
            Self::Pool => f.write_str("the pool's database"),
        }
    }
}

/// Makes an error of a file that the operating system can't open.
pub(super) fn unavailable(path: &Path, error: io::Error) -> StoreError {
    let remedy = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "create its directory first",
        io::ErrorKind::IsADirectory => "name a file, not a directory",
        io::ErrorKind::StorageFull => "make room on the disk",
        _ => "this user must be able to write to it and to its directory",
    };
    StoreError::new(format!("can't open {}: {remedy}", path.display())).caused_by(error)
}

/// Makes an error of a file that is no intact database.
pub(super) fn refused(path: &Path, reason: &str) -> StoreError {
    StoreError::new(format!("can't open {}: {reason}", path.display()))
}

/// Says whether another connection holds the lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

fn reason(error: &sqlx::Error) -> &'static str {
    if let sqlx::Error::PoolTimedOut = error {
        return "other calls took too long; the disk is slow or the load too high";
    }
    if let sqlx::Error::PoolClosed = error {
        return "the pool was closed";
    }
    match primary_code(error) {
        Some(5 | 6) => "another program has it locked; end that program or its transaction",
        Some(8 | 3) => "this user must be able to write to it",
        Some(10) => "the disk failed",
        Some(11) => DAMAGED,
        Some(13) => "the disk is full; nothing was changed",
        Some(14) => "this user must be able to write to it and to its directory",
        Some(26) => NO_DATABASE,
        _ if is_without_table(error) => "its table is gone; restart this program to make it",
        _ => "SQLite refused the statement",
    }
}

/// Says whether the table does not exist, which has no code of its own.
fn is_without_table(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.message().starts_with("no such table"))
}

/// Returns the low byte of the result code (sqlite.org/rescode.html).
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

pub(super) const DAMAGED: &str =
    "it is damaged; restore it, or move it away to begin with a new one";
pub(super) const NO_DATABASE: &str =
    "it is no SQLite database; name another file, or move this one away";
