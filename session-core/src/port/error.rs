use std::error::Error;
use std::fmt;

/// The store failed: an outage, a time-out, a broken table.
///
/// The message is for operators; clients see an opaque 503.
pub struct StoreError {
    message: String,
    is_unsupported: bool,
    /// The observer knows of it.
    pub(crate) is_told: bool,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// Creates an error from a sentence without a full stop.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_unsupported: false,
            is_told: false,
            cause: None,
        }
    }

    /// The answer to what this kind of store has no means for, and will have none the next time: a 501.
    ///
    /// ```
    /// use session_core::{SessionError, StoreError};
    ///
    /// let error = StoreError::unsupported("nobody knows which sessions there are");
    /// assert!(error.is_unsupported());
    /// assert_eq!(SessionError::from(error).status(), 501);
    /// ```
    #[must_use]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self {
            is_unsupported: true,
            ..Self::new(message)
        }
    }

    /// Says whether asking again is of no use.
    #[must_use]
    pub fn is_unsupported(&self) -> bool {
        self.is_unsupported
    }

    /// The answer to [`Command::Move`](crate::Command::Move) of a store whose sessions stay under their
    /// keys; only a server that joins it by hand with a policy of plain ids meets it.
    #[must_use]
    pub fn keys_stay() -> Self {
        Self::new("this store needs ids of two parts, and the policy makes plain ones")
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Shows the cause by its message: a database's error may contain a row, with keys and digests.
impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cause = self.cause.as_ref().map(ToString::to_string);
        f.debug_struct("StoreError")
            .field("message", &self.message)
            .field("is_unsupported", &self.is_unsupported)
            .field("is_told", &self.is_told)
            .field("cause", &cause)
            .finish()
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
