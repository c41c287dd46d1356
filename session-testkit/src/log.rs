use std::io::{Result, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// A writer of which a test reads what was written, such as the lines of a log. Clones are the same.
///
/// ```
/// use session_testkit::Log;
///
/// let log = Log::default();
/// let writer = log.clone();
/// let lines = tracing_subscriber::fmt().with_writer(move || writer.clone());
/// tracing::subscriber::with_default(lines.finish(), || tracing::warn!("too late"));
/// assert!(log.text().contains("too late"));
/// assert!(log.take().contains("too late"));
/// assert_eq!(log.take(), "");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Returns everything that was written and not taken.
    ///
    /// Bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the [text](Self::text), and forgets it.
    #[must_use]
    pub fn take(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&mem::take(&mut *bytes)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
