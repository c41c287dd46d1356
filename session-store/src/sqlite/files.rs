use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use std::{fs, io};

/// The files of an open database, as they were when it was opened.
///
/// SQLite goes on with a file that was removed or replaced: whatever it writes is gone as soon as
/// it closes the file. It can tell only by looking at the path again, as its own
/// `SQLITE_FCNTL_HAS_MOVED` does. Here every write looks before it is acknowledged, which takes a
/// few microseconds of its hundred: any interval would be one in which acknowledged writes vanish.
/// A connection that was just opened looks too, so that none reads another file. Reads, which are
/// several times faster, look ten times a second.
///
/// A file that comes back changes nothing: nobody knows what happened to it meanwhile.
#[derive(Debug)]
pub(super) struct Files {
    opened: Vec<(PathBuf, Identity)>,
    are_lost: AtomicBool,
    begun: Instant,
    /// The time of the last look in milliseconds since the beginning.
    looked: AtomicU64,
}

impl Files {
    /// Looks at the database and, in write-ahead mode, at its log and the log's index.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut files = Self::none();
        let beside = ["-wal", "-shm"].map(|suffix| beside(path, suffix));
        files.opened.push((path.to_owned(), Identity::of(path)?));
        for path in beside {
            match Identity::of(&path) {
                Ok(identity) => files.opened.push((path, identity)),
                // Another journal mode.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(files)
    }

    /// Looks at the database alone, whose log may come and go.
    pub(super) fn without_log(path: &Path) -> io::Result<Self> {
        let mut files = Self::none();
        files.opened.push((path.to_owned(), Identity::of(path)?));
        Ok(files)
    }

    /// Returns the files of a database in memory.
    pub(super) fn none() -> Self {
        Self {
            opened: Vec::new(),
            are_lost: AtomicBool::new(false),
            begun: Instant::now(),
            looked: AtomicU64::new(0),
        }
    }

    /// Says whether a file was ever seen to be another one, without a look.
    pub(super) fn are_known_to_be_lost(&self) -> bool {
        self.are_lost.load(Ordering::Relaxed)
    }

    /// Says whether a file is, or ever was seen to be, not the one that was opened.
    pub(super) fn are_lost(&self) -> bool {
        if self.are_known_to_be_lost() {
            return true;
        }
        let is_lost = |(path, opened): &(PathBuf, Identity)| match Identity::of(path) {
            Ok(found) => found != *opened,
            // Any other failure to look says nothing about the file.
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        let are_lost = self.opened.iter().any(is_lost);
        if are_lost {
            self.are_lost.store(true, Ordering::Relaxed);
        }
        are_lost
    }

    /// Says the same, from a look that may be a tenth of a second old.
    pub(super) fn were_lost(&self) -> bool {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.looked.load(Ordering::Relaxed) + STALE {
            return self.are_known_to_be_lost();
        }
        self.looked.store(now, Ordering::Relaxed);
        self.are_lost()
    }
}

/// How old a look may be for a read, in milliseconds.
const STALE: u64 = 100;

/// Returns the path of a database's file with the suffix; SQLite puts it beside the file that a link leads to.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let target = path.is_symlink().then(|| fs::canonicalize(path).ok());
    let path = target.flatten().unwrap_or_else(|| path.to_owned());
    let mut beside = path.into_os_string();
    beside.push(suffix);
    beside.into()
}

/// The device and the number of a file; where files have none, their being there.
///
/// A file that was emptied is another one too: SQLite would delete the log of an empty database.
/// (A log is emptied by some checkpoints.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    is_empty: bool,
}

impl Identity {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let is_log = path.as_os_str().as_encoded_bytes().ends_with(b"-wal");
        let is_empty = metadata.len() == 0 && !is_log;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;

            Ok(Self {
                device: metadata.dev(),
                number: metadata.ino(),
                is_empty,
            })
        }
        #[cfg(not(unix))]
        {
            Ok(Self {
                device: 0,
                number: 0,
                is_empty,
            })
        }
    }
}
