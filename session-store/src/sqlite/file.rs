use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use session_core::StoreError;
use sqlx::{Row as _, SqliteConnection};

use super::failure::{self, DAMAGED, NO_DATABASE};
use super::files::beside;
use crate::sql::irregular;

/// Creates the file unless it exists, readable by its owner alone, and returns its full path.
///
/// An existing file is not opened here: on Unix, closing a file releases all locks that the
/// process has on it, those of the application's own connections included
/// (sqlite.org/howtocorrupt.html, 2.2).
pub(super) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err(StoreError::new(
            "can't open a database in memory as a file; use SqliteStore::in_memory",
        ));
    }
    // A full path can't be mistaken for a `file:` URI.
    let path = std::path::absolute(path).map_err(|error| failure::unavailable(path, error))?;
    refuse_irregular(&path)?;
    let mut file = OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(&path) {
        Ok(_) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            refuse_short(&path)?;
            Ok(path)
        }
        Err(error) => Err(failure::unavailable(&path, error)),
    }
}

/// Refuses pipes and the like in place of the file or of one that SQLite puts beside it.
fn refuse_irregular(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        let error = io::ErrorKind::IsADirectory.into();
        return Err(failure::unavailable(path, error));
    }
    if let Some(kind) = irregular(path) {
        let reason = format!("it is {kind}; name a regular file");
        return Err(failure::refused(path, &reason));
    }
    for path in ["-wal", "-shm", "-journal"].map(|suffix| beside(path, suffix)) {
        if let Some(kind) = irregular(&path) {
            let reason = format!("it is {kind}; move it away");
            return Err(failure::refused(&path, &reason));
        }
    }
    Ok(())
}

/// Refuses a file that is shorter than the smallest database.
fn refuse_short(path: &Path) -> Result<(), StoreError> {
    let length = fs::metadata(path).map_err(|error| failure::unavailable(path, error))?;
    match length.len() {
        1..SMALLEST => refuse_flawed(path),
        _ => Ok(()),
    }
}

/// Refuses a file that does not end at the end of a page, before anything is written to it.
///
/// SQLite would take a file shorter than a page as empty and overwrite it. It checks whole pages
/// itself.
pub(super) async fn refuse_cut(
    path: &Path,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    let sizes =
        sqlx::query("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size");
    let sizes = sizes.fetch_one(connection).await;
    let sizes = sizes.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
    let (count, size): (i64, i64) =
        sizes.map_err(|error| failure::Location::File(path.to_owned()).failure("open", error))?;
    let length = fs::metadata(path).map_err(|error| failure::unavailable(path, error))?;
    let length = i64::try_from(length.len()).unwrap_or(i64::MAX);
    if length == 0 || (count > 0 && length % size == 0) {
        return Ok(());
    }
    refuse_flawed(path)
}

/// Names the flaw of a file, unless its missing part is in the log.
fn refuse_flawed(path: &Path) -> Result<(), StoreError> {
    let mut head = Vec::with_capacity(MAGIC.len());
    let file = fs::File::open(path).map_err(|error| failure::unavailable(path, error))?;
    let read = file.take(MAGIC.len() as u64).read_to_end(&mut head);
    read.map_err(|error| failure::unavailable(path, error))?;
    if !head.iter().zip(MAGIC).all(|(byte, magic)| byte == magic) {
        return Err(failure::refused(path, NO_DATABASE));
    }
    // After a power failure a page may be complete only in the log, which SQLite reads first.
    let has_log = ["-wal", "-journal"]
        .iter()
        .any(|suffix| fs::metadata(beside(path, suffix)).is_ok_and(|log| log.len() > 0));
    if has_log {
        return Ok(());
    }
    Err(failure::refused(path, DAMAGED))
}

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The size of the smallest database: one page of the smallest size.
const SMALLEST: u64 = 512;
