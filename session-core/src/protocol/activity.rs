use super::commit::Purpose;
use super::state::State;
use crate::SessionError;
use crate::policy::lifetime::Use;
#[cfg(feature = "driver")]
use {
    super::data::Data,
    super::session::Session,
    super::shared::Shared,
    super::standing::Stored,
    super::watch::goes_on_as,
    crate::{Moment, Record},
    std::sync::Arc,
};

/// What a request does for its session's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It extends it if the throttle has passed.
    Usual,
    /// It leaves it as it is, unless it changes something.
    None,
    /// It extends it in any case.
    Asked,
    /// It is over, and its socket reads and writes values: it extends nothing, and gets no id.
    #[cfg_attr(
        not(feature = "driver"),
        allow(dead_code, reason = "the driver reopens")
    )]
    Reopened,
}

impl Activity {
    /// Returns the reason for an extension of a request that writes or does not.
    pub(crate) fn use_of(self, writes: bool) -> Use {
        match self {
            Self::Asked => Use::Asked,
            _ if writes => Use::Write,
            _ => Use::Read,
        }
    }
}

impl State {
    /// Says what the request does for the session's life, unless it is over.
    pub(crate) fn act(&mut self, activity: Activity) {
        if self.activity != Activity::Reopened {
            self.activity = activity;
        }
    }

    /// Says whether the request is no activity.
    pub(crate) fn rests(&self) -> bool {
        match self.activity {
            Activity::Usual | Activity::Asked => false,
            Activity::None => self.changes.is_empty(),
            Activity::Reopened => true,
        }
    }

    /// Refuses what only a request can do, since it takes an id to the browser or moves its cookie's end.
    pub(crate) fn check_has_answer(&self) -> Result<(), SessionError> {
        match self.activity {
            Activity::Reopened => Err(SessionError::Reopened),
            _ => Ok(()),
        }
    }

    pub(crate) fn purpose_of_save(&self) -> Purpose {
        match self.activity {
            Activity::Reopened => Purpose::Reopened,
            _ => Purpose::Save,
        }
    }
}

#[cfg(feature = "driver")]
impl Session {
    /// Returns the same session as it is stored now, for a request that is over.
    ///
    /// The request stays what it was: it came by its secret, and sees the moment of authentication that it was let in
    /// with.
    pub(crate) fn reopened(
        &self,
        before: &Stored,
        found: Option<Record>,
        now: Moment,
    ) -> Result<Self, SessionError> {
        let policy = &self.0.policy;
        let found = found.filter(|record| goes_on_as(before.record.owner.as_deref(), record));
        let found = found.filter(|record| !policy.is_over(before.key, record, now));
        let stored = before.with(found.ok_or(SessionError::Gone)?, now);
        let data = Data::of_record(policy, stored.key, &stored.record);
        let shared = Shared::new(Arc::clone(policy), Some(Arc::new(stored)), data);
        shared.state().activity = Activity::Reopened;
        Ok(Self(shared))
    }
}
