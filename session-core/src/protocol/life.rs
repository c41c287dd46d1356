use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::http::reply::CookieChange;
use crate::policy::lifetime::Use;
use crate::protocol::changes::Changes;
use crate::protocol::data::Data;
use crate::protocol::session::Session;
use crate::{Expiry, PublicId, SessionError};

/// Life, death and identity of a session.
impl Session {
    /// Gives the session a new id; the old one works until the commit and never after it.
    ///
    /// Call it when privileges change. The absolute lifetime goes on. A session that is not stored
    /// needs none. [`sign_in`](Self::sign_in) does it by itself.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn cycle(&self) -> Result<(), SessionError> {
        let mut state = self.writable()?;
        state.changes.cycle();
        state.version += 1;
        Ok(())
    }

    /// Makes the session somebody's: a new id, a new absolute lifetime, the owner, the moment.
    ///
    /// Values stay, unless they are another owner's: those are dropped first. The id is new also
    /// when the same owner signs in again (ASVS 5.0, 7.2.4). A request whose id was renewed a moment
    /// ago, as the second of a double click, gets a session of its own.
    ///
    /// # Errors
    ///
    /// The owner is not 1 to 255 bytes long, or the session is closed.
    pub fn sign_in(&self, owner: &str) -> Result<(), SessionError> {
        if owner.is_empty() || owner.len() > 255 {
            return Err(SessionError::Owner {
                length: owner.len(),
            });
        }
        let mut state = self.writable_even_if_gone()?;
        if state.is_gone {
            return Err(SessionError::Gone);
        }
        if let Some(renewed) = state.renewed.take() {
            state.leave(&renewed, owner);
        }
        if state.owner().is_some_and(|present| **present != *owner) {
            state.changes.clear();
        }
        state.changes.sign_in(owner.into());
        state.version += 1;
        Ok(())
    }

    /// Ends the session for good: the record is deleted, the cookie removed; the logout.
    ///
    /// If the browser presented further ids under the cookie's name, their sessions end too.
    /// It holds even if the response is an error. What is written afterwards begins another
    /// session, under another id.
    ///
    /// # Errors
    ///
    /// The session is closed.
    pub fn destroy(&self) -> Result<(), SessionError> {
        let mut state = self.writable_even_if_gone()?;
        let renewed = state.renewed.take();
        if let Some(stored) = state.base.take().or(renewed) {
            state.doom(stored.key);
            state.cookie = Some(CookieChange::Remove);
        }
        for key in std::mem::take(&mut state.others) {
            state.doom(key);
        }
        // A save may be under way in another task.
        state.doom_unanswered();
        state.deaths += 1;
        state.data = Data::empty();
        state.changes = Changes::default();
        state.is_gone = false;
        state.version += 1;
        Ok(())
    }

    /// Gives this session a lifetime of its own, or the policy's again; Django's `set_expiry`.
    ///
    /// # Errors
    ///
    /// The lifetime is none ([`crate::ExpiryError`]), or the session is closed.
    pub fn set_lifetime(&self, expiry: Expiry) -> Result<(), SessionError> {
        let expiry = expiry.check(self.0.policy.now())?;
        let mut state = self.writable()?;
        if state.expiry() != expiry {
            state.changes.set_expiry(expiry);
            state.version += 1;
        }
        Ok(())
    }

    /// Returns the session's own lifetime; [`Expiry::Policy`] if it has none.
    #[must_use]
    pub fn lifetime(&self) -> Expiry {
        self.state().expiry()
    }

    /// Returns when the session ends if nobody uses it after this request; none without a session.
    ///
    /// A session that has ended while the request went on is renewed no more; then this is when
    /// it ended. Django's `get_expiry_date`.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at_by(self.0.policy.now())
    }

    /// Returns the time that is left after this request; Django's `get_expiry_age`.
    ///
    /// Zero for a session that has ended while the request went on.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        let now = self.0.policy.now();
        let end = self.expires_at_by(now)?;
        Some((end - now).max(Duration::ZERO))
    }

    /// Says whether the cookie ends with the browser; Django's `get_expire_at_browser_close`.
    #[must_use]
    pub fn is_until_browser_close(&self) -> bool {
        !self.0.policy.lifetime.is_persistent(self.lifetime())
    }

    // Facts

    /// Returns whose session it is, after [`sign_in`](Self::sign_in).
    #[must_use]
    pub fn owner(&self) -> Option<Arc<str>> {
        self.state().owner().cloned()
    }

    /// Returns when the owner signed in; none also for a sign-in that is not committed yet.
    ///
    /// Ask it before something sensitive, whatever the activity since. (ASVS 5.0, 7.5.1.)
    #[must_use]
    pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
        self.state().base.as_ref()?.record.authenticated
    }

    /// Returns the session's handle in device lists; none before it is stored.
    #[must_use]
    pub fn public_id(&self) -> Option<PublicId> {
        Some(self.state().base.as_ref()?.record.public_id)
    }

    /// Says whether a stored session stands behind this one.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.state().base.is_some()
    }

    /// Says whether something is to be committed; Django's `modified`.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        let state = self.state();
        !state.changes.is_empty() || !state.doomed.is_empty()
    }

    /// Says whether the session was found to be ended elsewhere while this request was using it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.state().is_gone
    }

    /// Says whether the request has an id that another request renewed a moment ago, so that it can
    /// read at most ([`SessionError::Renewed`]).
    #[must_use]
    pub fn is_renewed(&self) -> bool {
        self.state().renewed.is_some()
    }

    fn expires_at_by(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let lifetime = &self.0.policy.lifetime;
        let state = self.state();
        let expiry = state.expiry();
        let Some(stored) = &state.base else {
            return (!state.changes.is_empty()).then(|| lifetime.expires(expiry, now, now));
        };
        let record = &stored.record;
        let end = lifetime.end(record);
        if state.renewed.is_some() || end <= now {
            return Some(end);
        }
        if state.changes.signed_in().is_some() {
            return Some(lifetime.expires(expiry, now, now));
        }
        if expiry != record.expiry {
            return Some(lifetime.expires(expiry, record.created, now));
        }
        // Changes that cancel each other out write nothing.
        let writes = state.changes.renews_id()
            || (!state.changes.is_empty() && state.text() != *record.data);
        let why = if writes { Use::Write } else { Use::Read };
        let renewed = lifetime.renewal(record, now, why);
        Some(renewed.map_or(end, |renewal| renewal.expires))
    }
}
