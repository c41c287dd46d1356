use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Policy;
use crate::failure::Failure;
use crate::{PublicId, SessionError};

/// Something about a session that an operator may want to know.
///
/// No event has an id, a value or an owner: sessions are named by their [`PublicId`], which opens
/// nothing.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request's changes were dropped, because its session was ended elsewhere or its id is from before
    /// a sign-in or an old rotation.
    ChangesDropped {
        /// The session, if it was stored.
        session: Option<PublicId>,
        /// Which of the two: [`SessionError::Gone`] or [`SessionError::Superseded`].
        reason: &'a SessionError,
    },
    /// A stored session's data can't be read; the session goes on without them. It is noticed when the
    /// first value is asked for.
    Corrupt {
        /// The session.
        session: PublicId,
    },
    /// A request was answered with an error.
    Failed {
        /// What the client was told, and the causes.
        failure: &'a Failure,
    },
    /// A secret was presented that was rotated before: by a stale tab, or by a thief.
    OldSecret {
        /// The session.
        session: PublicId,
    },
    /// A session's id was rotated.
    Rotated {
        /// The session.
        session: PublicId,
    },
    /// An owner has signed in.
    SignedIn {
        /// The new session.
        session: PublicId,
    },
    /// Work failed that the response can do without, such as an extension of the session's life.
    UpkeepFailed {
        /// The reason.
        error: &'a SessionError,
    },
}

/// A receiver of events, for a log or for metrics.
///
/// It is called while the request waits, so it must be quick; a panic in it is caught and changes no
/// answer. The default writes events to `tracing`: failures of the system are errors, what needs an
/// operator's eye is a warning, and what clients cause is at level `debug`.
///
/// ```
/// use session_core::{Event, Observer, Policy};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// #[derive(Debug, Default)]
/// struct Outages(AtomicU64);
///
/// impl Observer for Outages {
///     fn on(&self, event: &Event<'_>) {
///         if matches!(event, Event::Failed { failure } if failure.is_ours()) {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let policy = Policy::builder().observer(Outages::default()).build()?;
/// # Ok::<(), session_core::PolicyError>(())
/// ```
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Takes an event.
    fn on(&self, event: &Event<'_>);
}

/// The observer that writes to `tracing`; the default.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has no fields")]
pub struct Tracing;

impl Observer for Tracing {
    fn on(&self, event: &Event<'_>) {
        match event {
            Event::ChangesDropped { reason, .. } => {
                tracing::debug!(%reason, "a request's changes were dropped");
            }
            Event::Corrupt { session } => {
                tracing::warn!(%session, "session data corrupted; its values are ignored");
            }
            Event::Failed { failure } if failure.is_ours() => {
                tracing::error!(error = %failure, "session failed");
            }
            Event::Failed { failure } => {
                tracing::debug!(error = %failure, "a request was refused");
            }
            Event::OldSecret { session } => {
                tracing::warn!(%session, "a secret was presented that was rotated before");
            }
            Event::Rotated { session } => tracing::debug!(%session, "an id was rotated"),
            Event::SignedIn { session } => tracing::debug!(%session, "an owner has signed in"),
            Event::UpkeepFailed { error } => {
                let error = error.chain();
                tracing::warn!(%error, "session upkeep failed; the response goes out without it");
            }
        }
    }
}

impl Policy {
    /// Tells the observer. What it does is no reason to fail a request.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        let told = catch_unwind(AssertUnwindSafe(|| self.observer.on(event)));
        if told.is_err() {
            tracing::error!("the observer of sessions panicked");
        }
    }
}
