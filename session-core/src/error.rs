use std::error::Error as _;
use std::fmt;

use thiserror::Error;

use crate::{
    Clock, EntropyError, Event, ExpiryError, Observer, Reason, Reply, StoreError, SystemClock,
    Tracing,
};

/// A value that cannot be stored, or cannot be read as the type that was asked for.
///
/// Nothing changed. The message names the key, never the value; serde's own message would show
/// parts of it, so it is left out.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The stored JSON does not have the asked type.
    #[error("the session's value {key:?} is not of the type that was asked for")]
    Decode {
        /// The value's name.
        key: String,
    },
    /// The value has no JSON form that reads back as the value.
    #[error("the session's value {key:?} has no JSON form that reads back")]
    Encode {
        /// The value's name.
        key: String,
    },
    /// The value is larger than the policy [allows](crate::PolicyBuilder::max_value_bytes); a 413.
    #[error(
        "the session's value {key:?} would have {bytes} bytes, more than the {limit} that the policy allows"
    )]
    TooLarge {
        /// The value's name.
        key: String,
        /// The size that it would have, as JSON.
        bytes: usize,
        /// The policy's limit.
        limit: usize,
    },
    /// The store can't keep such a value: its name or its form means something else there.
    ///
    /// As an error of a handler it is a 500, since names are the program's. A handler whose clients
    /// choose them answers it by a 400.
    #[error("the session's value {key:?} can't be stored: {reason}")]
    Refused {
        /// The value's name.
        key: String,
        /// Why, without parts of the value.
        reason: &'static str,
    },
}

/// The reason for the failure of an operation on a session.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Another request has taken or stored the value that [`take`](crate::Session::take) or
    /// [`get_or_insert_with`](crate::Session::get_or_insert_with) has returned. Nothing was written;
    /// the session shows what is stored, and the other changes are still to be written.
    ///
    /// It names one key, but every claim that did not hold is forgotten. To go on, repeat all of the
    /// handler's calls of those two, then save again.
    #[error("another request was faster to take or to set the session's value {key:?}")]
    Conflict {
        /// The value's name.
        key: String,
    },
    /// Other requests changed the session each time, or an update's closure its own value; or the
    /// store refuses everything.
    #[error("the session could not be written in {attempts} attempts")]
    Contended {
        /// The number of attempts.
        attempts: u32,
    },
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The lifetime makes no sense.
    #[error(transparent)]
    Expiry(#[from] ExpiryError),
    /// The response has begun; save before that.
    #[error(
        "the session is finished, because the response has begun; write before it, or save early"
    )]
    Finished,
    /// Another site may have caused the request (CSRF), so nothing was done; from a guard, such as that of `session-extras`.
    #[error("the request did not come from a page of this site")]
    Forged,
    /// The session was ended elsewhere while this request was using it.
    #[error("the session was ended elsewhere")]
    Gone,
    /// No adapter has seen the request.
    #[error("no session layer, middleware or fairing `{name}` is around this handler")]
    NotAttached {
        /// The marker type that was asked for, `()` for none.
        name: &'static str,
    },
    /// No stored session stands behind the request.
    #[error("there is no session")]
    NoSession,
    /// The owner authenticated too long ago.
    #[error("the owner authenticated too long ago for this")]
    NotFresh,
    /// Only the session of an owner can be re-authenticated.
    #[error("nobody is signed in to the session")]
    NotSignedIn,
    /// An owner is 1 to 255 bytes.
    #[error("a session's owner is 1 to 255 bytes of text, this has {length}")]
    Owner {
        /// The length in bytes.
        length: usize,
    },
    /// A socket's session can't get an id or another lifetime, since no response would carry them.
    #[error(
        "a reopened session can't sign in, renew its id or change its lifetime; do it in a request"
    )]
    Reopened,
    /// The store failed.
    #[error("session store unavailable")]
    Store(#[from] StoreError),
    /// Two sessions of one request travel as bearers.
    #[error(
        "two sessions around this handler travel as bearers, and a request has one `Authorization`: give one of them Carrier::Cookie"
    )]
    TwoBearers,
    /// The request has an id from before a sign-in, whose session can only be read.
    #[error("another request has signed in; only its new session can be written")]
    Superseded,
    /// The owner has as many sessions as the policy allows; nobody was signed in, and the other changes are dropped.
    #[error("the owner has {limit} sessions already, as many as the policy allows")]
    TooManyDevices {
        /// The policy's limit.
        limit: usize,
    },
    /// The session would be larger than the policy allows.
    #[error("the session would have {bytes} bytes, more than the {limit} that the policy allows")]
    TooLarge {
        /// The size it would have.
        bytes: usize,
        /// The policy's limit.
        limit: usize,
    },
    /// The session begins in this request and is not stored yet, so it can't be watched or reopened.
    #[error("the session is not stored yet; save first")]
    Unsaved,
    /// The value does not fit.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl SessionError {
    /// Returns the HTTP status for a handler that passes the error on; adapters use it.
    ///
    /// 503 if the store or the commit failed; 409 if the session was ended or left for another
    /// elsewhere, or another request was faster (the same request with the present cookie may succeed), or the owner has
    /// too many devices; 413 if it or a value would be too large; 401 if there is no session or nobody is signed in; 403 if the owner
    /// authenticated too long ago, or another site may have caused the request; 501 if the store has no means for it; and 500 for programming errors.
    ///
    /// ```
    /// use session_core::{SessionError, StoreError};
    ///
    /// assert_eq!(SessionError::from(StoreError::new("connection refused")).status(), 503);
    /// assert_eq!(SessionError::Gone.status(), 409);
    /// assert_eq!(SessionError::Finished.status(), 500);
    /// assert!(SessionError::Gone.public_json().contains("ended elsewhere"));
    /// ```
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NoSession | Self::NotSignedIn => 401,
            Self::Forged | Self::NotFresh => 403,
            Self::Conflict { .. } | Self::Gone | Self::Superseded | Self::TooManyDevices { .. } => {
                409
            }
            Self::TooLarge { .. } | Self::Value(ValueError::TooLarge { .. }) => 413,
            Self::Expiry(_)
            | Self::Finished
            | Self::NotAttached { .. }
            | Self::Owner { .. }
            | Self::Reopened
            | Self::TwoBearers
            | Self::Unsaved
            | Self::Value(_) => 500,
            Self::Store(error) if error.is_unsupported() => 501,
            Self::Contended { .. } | Self::Entropy(_) | Self::Store(_) => 503,
        }
    }

    /// Says whether the session or a value would be larger than the policy allows.
    #[inline]
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(
            self,
            Self::TooLarge { .. } | Self::Value(ValueError::TooLarge { .. })
        )
    }

    /// Returns the JSON for a client that goes with [`status`](Self::status); it tells nothing of
    /// the cause, which belongs in the log.
    #[must_use]
    pub fn public_json(&self) -> &'static str {
        match self.status() {
            401 if matches!(self, Self::NoSession) => r#"{"error":"there is no session"}"#,
            401 => r#"{"error":"nobody is signed in"}"#,
            403 if matches!(self, Self::Forged) => {
                r#"{"error":"the request did not come from a page of this site"}"#
            }
            403 => r#"{"error":"authenticate again"}"#,
            409 if matches!(self, Self::Superseded) => {
                r#"{"error":"the session was left for a new one"}"#
            }
            409 if matches!(self, Self::Conflict { .. }) => {
                r#"{"error":"another request was faster"}"#
            }
            409 if matches!(self, Self::TooManyDevices { .. }) => {
                r#"{"error":"too many devices are signed in"}"#
            }
            409 => r#"{"error":"the session was ended elsewhere"}"#,
            413 if matches!(self, Self::Value(_)) => {
                r#"{"error":"a value of the session would be too large"}"#
            }
            413 => r#"{"error":"the session would be too large"}"#,
            501 => r#"{"error":"not possible with these sessions"}"#,
            503 => r#"{"error":"session store unavailable"}"#,
            _ => r#"{"error":"internal server error"}"#,
        }
    }

    /// Logs the error with its causes, and returns the client's part of it: the
    /// [status](Self::status) and the [JSON](Self::public_json).
    ///
    /// For code without a policy at hand: the log is that of [`Tracing`], where what clients cause is at
    /// level `debug`. With a policy use [`Policy::refuse`](crate::Policy::refuse), which tells its observer.
    #[must_use = "the client waits for it"]
    pub fn opaque(&self) -> (u16, &'static str) {
        let failure = self.failure();
        if let Some(kind) = failure.kind {
            let event = Event::new(kind, SystemClock.now());
            Tracing::default().on(&event.because(Reason::Failure(&failure)));
        }
        (failure.status(), failure.json())
    }

    /// The error and its causes, for a log.
    pub(crate) fn chain(&self) -> impl fmt::Display {
        Chain(self)
    }
}

/// An error's text and those of its causes; not every log writes them down by itself.
struct Chain<'a>(&'a SessionError);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// The failure of a commit, and the reply that belongs on the response all the same.
///
/// Answer with the error's [status](SessionError::status), and put the [reply](Self::reply) on that
/// response: it carries the cookie of a state that an early save has stored, and `Vary`.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct CommitError {
    #[source]
    error: SessionError,
    reply: Box<Reply>,
}

impl CommitError {
    pub(crate) fn new(error: SessionError, reply: Reply) -> Self {
        let reply = Box::new(reply);
        Self { error, reply }
    }

    /// Returns the error.
    #[must_use]
    pub fn error(&self) -> &SessionError {
        &self.error
    }

    /// Returns the reply, which belongs on the response.
    pub fn reply(&self) -> &Reply {
        &self.reply
    }

    /// Returns both.
    pub fn into_parts(self) -> (SessionError, Reply) {
        (self.error, *self.reply)
    }
}

impl From<CommitError> for SessionError {
    fn from(failed: CommitError) -> Self {
        failed.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_hears_every_cause_and_the_client_none() {
        let refused = StoreError::new("no answer").caused_by("connection refused");
        let error = SessionError::from(StoreError::new("no read").caused_by(refused));
        assert_eq!(
            error.chain().to_string(),
            "session store unavailable: no read: no answer: connection refused"
        );
        let outage = r#"{"error":"session store unavailable"}"#;
        assert_eq!(error.opaque(), (503, outage));
    }

    #[test]
    fn an_adapter_that_is_not_attached_is_named_in_the_log_only() {
        let error = SessionError::NotAttached { name: "Admin" };
        assert!(error.chain().to_string().contains("`Admin`"));
        let hidden = r#"{"error":"internal server error"}"#;
        assert_eq!(error.opaque(), (500, hidden));
    }
}
