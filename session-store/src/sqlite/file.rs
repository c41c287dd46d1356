use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use session_core::StoreError;

use super::failure::{self, DAMAGED, NO_DATABASE};

/// Creates the file unless it exists, readable by its owner alone, and returns its full path.
pub(super) fn create(path: &Path) -> Result<PathBuf, StoreError> {
    if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
        return Err(StoreError::new(
            "can't open a database in memory as a file; use SqliteStore::in_memory",
        ));
    }
    // A full path can't be mistaken for a `file:` URI.
    let path = std::path::absolute(path).map_err(|error| failure::unavailable(path, error))?;
    let mut file = OpenOptions::new();
    file.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let unavailable = |error| failure::unavailable(&path, error);
    let file = file.open(&path).map_err(unavailable)?;
    match flaw(&file, &path).map_err(unavailable)? {
        Some(flaw) => Err(failure::refused(&path, flaw)),
        None => Ok(path),
    }
}

/// Returns the flaw of a file that does not end at the end of a page.
///
/// SQLite would take a file shorter than a page as empty and overwrite it. It checks whole pages
/// itself.
fn flaw(file: &File, path: &Path) -> io::Result<Option<&'static str>> {
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head)?;
    let length = file.metadata()?.len();
    if length % page_size(&head) == 0 {
        return Ok(None);
    }
    if !head.iter().zip(MAGIC).all(|(byte, magic)| byte == magic) {
        return Ok(Some(NO_DATABASE));
    }
    // After a power failure a page may be complete only in the log, which SQLite reads first.
    let has_log = ["-wal", "-journal"].iter().any(|suffix| {
        let mut log = path.as_os_str().to_owned();
        log.push(suffix);
        fs::metadata(log).is_ok_and(|log| log.len() > 0)
    });
    Ok((!has_log).then_some(DAMAGED))
}

/// Returns the page size, or the smallest one (sqlite.org/fileformat.html, 1.3.2).
fn page_size(head: &[u8]) -> u64 {
    let Some(&[high, low]) = head.get(MAGIC.len()..) else {
        return 512;
    };
    match u16::from_be_bytes([high, low]) {
        1 => 65_536,
        size => u64::from(size).max(512),
    }
}

const MAGIC: &[u8] = b"SQLite format 3\0";

/// The length of the magic string and the page size.
const HEAD: usize = MAGIC.len() + 2;
