use super::commit::Commit;
use super::standing::Stored;
use crate::{Event, EventKind, Moment, Policy, PublicId, Reason, SessionError, StoreError};

/// What a write is told as, once the store has acknowledged it. It stands beside the cookie that tells the browser of the same
/// state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News {
    pub(crate) kind: EventKind,
    /// The handle of the session that ends with it.
    pub(crate) previous: Option<PublicId>,
    pub(crate) reason: Option<Reason<'static>>,
}

impl News {
    pub(crate) fn of(kind: EventKind) -> Self {
        Self {
            kind,
            previous: None,
            reason: None,
        }
    }
}

impl Commit {
    /// Returns the news of a new record: a session begins, or goes on under another key.
    pub(crate) fn news_of_beginning(&self) -> News {
        let kind = if self.changes.signed_in().is_some() {
            EventKind::SignedIn
        } else if self.changes.reauthenticates() {
            EventKind::Reauthenticated
        } else if self.base.is_some() {
            EventKind::Rotated
        } else {
            EventKind::Created
        };
        News {
            previous: self.base.as_ref().map(|base| base.key.public_id()),
            reason: (kind == EventKind::Rotated).then_some(Reason::Asked),
            ..News::of(kind)
        }
    }

    /// Returns the news of a new secret.
    pub(crate) fn news_of_rotation(&self) -> News {
        if self.changes.reauthenticates() {
            return News::of(EventKind::Reauthenticated);
        }
        let reason = if self.changes.rotates() {
            Reason::Asked
        } else {
            Reason::Age
        };
        News {
            reason: Some(reason),
            ..News::of(EventKind::Rotated)
        }
    }

    /// Tells of a state that the store has acknowledged.
    pub(crate) fn announce(&self, stored: &Stored, now: Moment) {
        let Some(news) = stored.news else {
            return;
        };
        let event = Event::new(news.kind, now).of(stored.key.public_id());
        let mut event = event.owned_by(stored.record.owner.as_deref());
        event.previous = news.previous;
        event.reason = news.reason;
        self.policy().tell(event);
    }

    /// Tells of something that concerns the session that the commit is about.
    pub(crate) fn tell(&self, kind: EventKind, reason: Reason<'_>, now: Moment) {
        let base = self
            .base
            .clone()
            .or_else(|| self.shared.state().base.clone());
        let stored = base.or_else(|| Some(self.entered.as_ref()?.stored.clone()));
        let owner = stored
            .as_ref()
            .and_then(|stored| stored.record.owner.as_ref());
        let owner = self.changes.signed_in().or(owner);
        let session = stored.as_ref().map(|stored| stored.key.public_id());
        let event = Event::new(kind, now).of(session).because(reason);
        self.policy()
            .tell(event.owned_by(owner.map(|owner| &**owner)));
    }

    /// Tells of an error with which the commit ends, if it is the system's or a limit's.
    pub(crate) fn told(&self, error: SessionError, now: Moment) -> SessionError {
        match error {
            SessionError::Contended { .. } => {
                self.tell(EventKind::Contended, Reason::Error(&error), now);
                error
            }
            error if error.is_too_large() => {
                self.tell(EventKind::OverLimit, Reason::Error(&error), now);
                error
            }
            SessionError::Store(failed) if failed.tells() => {
                let error = SessionError::Store(failed.into_told());
                self.tell(EventKind::StoreFailed, Reason::Error(&error), now);
                error
            }
            error => error,
        }
    }
}

impl<'a> Event<'a> {
    /// Names the session, and its owner.
    pub(crate) fn about(self, stored: &'a Stored) -> Self {
        self.of(stored.key.public_id())
            .owned_by(stored.record.owner.as_deref())
    }
}

impl Policy {
    /// Tells the observer that the store has failed, and marks the error, so that the answer that it becomes does not tell it again.
    ///
    /// For servers that drive the protocol by hand, where a load fails, or a list of devices. What else a store can fail at is told
    /// by the core. Another error, and one that was told, is returned as it is.
    #[must_use = "the error is marked"]
    pub fn store_failed(&self, error: SessionError, owner: Option<&str>) -> SessionError {
        self.failed_at(error, None, owner)
    }

    /// The same, for a session that is known.
    #[cold]
    pub(crate) fn failed_at(
        &self,
        error: SessionError,
        session: Option<PublicId>,
        owner: Option<&str>,
    ) -> SessionError {
        match error {
            SessionError::Store(failed) if failed.tells() => {
                let error = SessionError::Store(failed.into_told());
                let event = Event::new(EventKind::StoreFailed, self.now()).of(session);
                self.tell(event.owned_by(owner).because(Reason::Error(&error)));
                error
            }
            error => error,
        }
    }

    /// The same, for an error that goes on as the store's.
    #[cfg(feature = "driver")]
    pub(crate) fn store_has_failed(&self, error: StoreError, owner: Option<&str>) -> StoreError {
        match self.failed_at(error.into(), None, owner) {
            SessionError::Store(error) => error,
            other => StoreError::new(other.to_string()),
        }
    }
}

impl StoreError {
    fn into_told(mut self) -> Self {
        self.is_told = true;
        self
    }

    /// Says whether the observer is to be told: it is an outage, and nobody has told of it.
    pub(crate) fn tells(&self) -> bool {
        !self.is_told && !self.is_unsupported()
    }
}
