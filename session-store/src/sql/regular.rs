use std::fs;
use std::path::Path;

/// Returns what a path leads to if that is neither a regular file nor a directory.
///
/// Opening or reading a pipe or a device can wait for ever, and a runtime waits for its threads.
pub(crate) fn irregular(path: &Path) -> Option<&'static str> {
    let kind = fs::metadata(path).ok()?.file_type();
    if kind.is_file() || kind.is_dir() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;

        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}
