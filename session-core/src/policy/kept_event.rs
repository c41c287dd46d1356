use std::fmt;

use super::event::{Event, Reason};
use crate::failure::Failure;

/// A copy of an event that outlives its request; for observers that pass events on later.
///
/// ```
/// use session_core::{Event, EventKind, KeptEvent, Moment};
///
/// let kept = {
///     let owner = String::from("ada");
///     let mut event = Event::new(EventKind::SignedIn, Moment::UNIX_EPOCH);
///     event.owner = Some(&owner);
///     KeptEvent::of(&event)
/// };
/// assert_eq!(kept.event().owner, Some("ada"));
/// ```
#[derive(Clone)]
pub struct KeptEvent {
    /// Without what it borrows.
    event: Event<'static>,
    owner: Option<Box<str>>,
    failure: Option<Failure>,
}

impl KeptEvent {
    /// Copies an event. An error becomes a [`Failure`] with the same text.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let (reason, failure) = match event.reason {
            Some(Reason::Error(error)) => (None, Some(error.failure())),
            Some(Reason::Failure(failure)) => (None, Some(failure.clone())),
            Some(Reason::Absolute) => (Some(Reason::Absolute), None),
            Some(Reason::Age) => (Some(Reason::Age), None),
            Some(Reason::Asked) => (Some(Reason::Asked), None),
            Some(Reason::Expiry) => (Some(Reason::Expiry), None),
            Some(Reason::Idle) => (Some(Reason::Idle), None),
            Some(Reason::By(revoker)) => (Some(Reason::By(revoker)), None),
            Some(Reason::TooManyIds) => (Some(Reason::TooManyIds), None),
            Some(Reason::Unseen) => (Some(Reason::Unseen), None),
            None => (None, None),
        };
        let mut kept = Event::new(event.kind, event.at);
        kept.session = event.session;
        kept.previous = event.previous;
        kept.reason = reason;
        kept.count = event.count;
        kept.left_out = event.left_out;
        Self {
            event: kept,
            owner: event.owner.map(Into::into),
            failure,
        }
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        Event {
            owner: self.owner.as_deref(),
            reason: self
                .failure
                .as_ref()
                .map(Reason::Failure)
                .or(self.event.reason),
            ..self.event
        }
    }
}

impl fmt::Debug for KeptEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event().fmt(f)
    }
}
