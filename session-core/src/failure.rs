use std::fmt;
use std::sync::Arc;

use crate::{EventKind, SessionError};

/// A failed session, as far as a client may know it: a status and a reason.
///
/// `Display` adds the causes, which belong in a log.
///
/// ```
/// use session_core::{SessionError, StoreError};
///
/// let error = SessionError::from(StoreError::new("connection refused"));
/// let failure = error.failure();
/// assert_eq!((failure.status(), failure.reason()), (503, "session store unavailable"));
/// assert_eq!(failure.json(), r#"{"error":"session store unavailable"}"#);
/// assert!(failure.to_string().contains("connection refused"));
/// ```
#[derive(Debug, Clone)]
pub struct Failure {
    status: u16,
    json: &'static str,
    causes: Arc<str>,
    /// What it is told as; `None` if that was done where it happened.
    pub(crate) kind: Option<EventKind>,
}

impl Failure {
    /// Returns the HTTP status; see [`SessionError::status`].
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the reason, in words that tell nothing of the cause.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        let text = self.json.strip_prefix(r#"{"error":""#);
        let text = text.and_then(|text| text.strip_suffix(r#""}"#));
        text.unwrap_or(self.json)
    }

    /// Returns the reason as JSON, the answer by default.
    #[must_use]
    pub fn json(&self) -> &'static str {
        self.json
    }

    /// Says whether the client can't do anything about it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.status >= 500
    }
}

impl SessionError {
    /// Returns the client's part of the error, with the causes for an observer.
    ///
    /// An error of a handler outside of every adapter has no observer, so it is logged here.
    #[must_use]
    pub fn failure(&self) -> Failure {
        if matches!(self, Self::NotAttached { .. }) {
            tracing::error!(error = %self, "session failed");
        }
        Failure {
            kind: self.told_as(),
            status: self.status(),
            json: self.public_json(),
            causes: self.chain().to_string().into(),
        }
    }
}

impl SessionError {
    /// Returns what an answer with this error is told as.
    fn told_as(&self) -> Option<EventKind> {
        match self {
            // It was logged already, because no policy is around to tell.
            Self::NotAttached { .. } | Self::Contended { .. } => None,
            Self::Store(error) if error.is_told => None,
            Self::Store(error) if !error.is_unsupported() => Some(EventKind::StoreFailed),
            error if error.status() < 500 => Some(EventKind::Refused),
            _ => Some(EventKind::Failed),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.causes)
    }
}
