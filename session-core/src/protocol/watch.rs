use std::fmt;
use std::sync::Arc;

use super::exchange::Opened;
use super::session::Session;
use super::standing::{Standing, Stored};
use crate::{Digest, Key, Moment, Policy, Record, SessionError};

/// The question whether a session has ended, which is asked again and again; without I/O.
///
/// It knows the session's key and none of its secrets. A new secret is no end; a logout, a revocation, a sign-in
/// and the session's expiry are. An async server's handlers have `RequestSession::ended`, which asks by itself.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{Exchange, Policy, SessionError};
/// # let Exchange::Open(opened) = Exchange::open(&Arc::new(Policy::default()), []) else { unreachable!() };
/// // Nobody has logged in, so there is nothing that could end.
/// assert!(matches!(opened.watch(), Err(SessionError::NoSession)));
/// ```
pub struct Watch {
    policy: Arc<Policy>,
    key: Key,
    /// The present digest as of the last answer. A copy in front of the store answers by it.
    present: Digest,
    owner: Option<Arc<str>>,
}

impl Opened {
    /// Begins to ask whether the stored session has ended.
    ///
    /// # Errors
    ///
    /// There is no session, a 401, also where a sign-in has left it; or it is begun by this request and not stored
    /// ([`SessionError::Unsaved`]).
    pub fn watch(&self) -> Result<Watch, SessionError> {
        self.session().watch()
    }
}

impl Session {
    pub(crate) fn watch(&self) -> Result<Watch, SessionError> {
        let stored = self.watchable()?;
        Ok(Watch {
            policy: Arc::clone(&self.0.policy),
            key: stored.key,
            present: stored.record.secrets.present,
            owner: stored.record.owner.clone(),
        })
    }

    /// Returns the stored session that a request has to do with, for those who come back to it.
    pub(crate) fn watchable(&self) -> Result<Arc<Stored>, SessionError> {
        let state = self.0.state();
        if state.changes.signed_in().is_some() {
            return Err(SessionError::Unsaved);
        }
        match &state.base {
            Some(stored) if stored.standing != Standing::Closed => Ok(Arc::clone(stored)),
            None if !state.changes.is_empty() => Err(SessionError::Unsaved),
            _ => Err(SessionError::NoSession),
        }
    }
}

impl Watch {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the digest to load it with.
    #[must_use]
    pub fn secret(&self) -> &Digest {
        &self.present
    }

    /// Takes what the store has under the key, and says whether the session has ended. A store that fails has no
    /// answer, so ask again later.
    #[must_use]
    pub fn has_ended(&mut self, found: Option<Record>, now: Moment) -> bool {
        let going_on = found.filter(|record| goes_on_as(self.owner.as_deref(), record));
        let going_on = going_on.filter(|record| !self.policy.is_over(self.key, record, now));
        let Some(record) = going_on else {
            return true;
        };
        self.present = record.secrets.present;
        false
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// Says whether a record is the session that it was: nobody has left it or signed in to it.
pub(crate) fn goes_on_as(owner: Option<&str>, record: &Record) -> bool {
    !record.closed && record.owner.as_deref() == owner
}
