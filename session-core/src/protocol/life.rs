use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::data::Data;
use super::log::Log;
use super::pending::{Condition, Ends, Writes};
use super::rotation::{Renewal, Rotation};
use super::session::Session;
use super::standing::Standing;
use crate::http::reply::{CookieChange, Loss};
use crate::policy::lifetime::left;
use crate::{Carrier, Expiry, Moment, PublicId, SessionError, SignIn, Stamp};

/// Life, death and identity of a session.
impl Session {
    /// Rotates the session's secret, so that the browser gets a new id; a measure of hygiene.
    ///
    /// The old id works until the commit, and for the policy's
    /// [grace](crate::PolicyBuilder::rotation_grace) after it, or until the browser has presented the
    /// new one if that takes longer. Within the grace of one rotation there is no other. The lifetime
    /// goes on. A session that is not stored needs none.
    ///
    /// Where ids are [plain](crate::PolicyBuilder::plain_ids), there is no grace, and the session has
    /// another [handle](Self::public_id).
    ///
    /// When privileges change, call [`sign_in`](Self::sign_in) or
    /// [`reauthenticate`](Self::reauthenticate) instead.
    ///
    /// # Errors
    ///
    /// The session is finished.
    pub fn cycle(&self) -> Result<(), SessionError> {
        let mut state = self.0.writable()?;
        state.check_has_answer()?;
        state.changes.cycle();
        state.version += 1;
        Ok(())
    }

    /// Signs an owner in: a new session with a new id, the owner, and the moment.
    ///
    /// Values come along, unless they are another owner's. The id is new also when the same owner
    /// signs in again (ASVS 5.0, 7.2.4), and the id from before never leads to the new session: for
    /// the policy's [grace](crate::PolicyBuilder::rotation_grace) it reads the values that were there
    /// before, if nobody owned them. A second sign-in with it, as that of a double click, begins
    /// another session. Where ids are [plain](crate::PolicyBuilder::plain_ids), the id from before opens
    /// nothing.
    ///
    /// A [`SignIn`] says more than the owner: a device's label and address, a tag, a stamp of the credential.
    ///
    /// If the session is ended elsewhere before the commit, that fails with [`SessionError::Gone`].
    ///
    /// # Errors
    ///
    /// The owner is not 1 to 255 bytes long, or the session can't be written any more.
    pub fn sign_in(&self, sign_in: impl Into<SignIn>) -> Result<(), SessionError> {
        let sign_in = sign_in.into();
        let owner = &*sign_in.owner;
        if owner.is_empty() || owner.len() > 255 {
            return Err(SessionError::Owner {
                length: owner.len(),
            });
        }
        let mut state = self.0.writable_even_if_gone()?;
        state.check_has_answer()?;
        if state.loss == Some(Loss::Gone) {
            return Err(SessionError::Gone);
        }
        // It begins a session of its own.
        state.loss = None;
        state.reveal_to(&self.0.policy, owner);
        if state.owner().is_some_and(|present| **present != *owner) {
            state.changes.clear();
        }
        state.changes.sign_in(sign_in);
        state.version += 1;
        Ok(())
    }

    /// Records that the owner has just authenticated again, as before a sensitive action: a new id,
    /// a new [moment](Self::authenticated_at), the same [handle](Self::public_id).
    ///
    /// The old id reads and writes for the policy's
    /// [grace](crate::PolicyBuilder::rotation_grace), or until the browser has presented the new one
    /// if that takes longer, but sees no moment of authentication: a stolen id gains nothing.
    /// (ASVS 5.0, 7.2.4.) Where ids are [plain](crate::PolicyBuilder::plain_ids), it opens nothing, and the
    /// session has another handle.
    ///
    /// # Errors
    ///
    /// Nobody is signed in, or the session can't be written any more.
    pub fn reauthenticate(&self) -> Result<(), SessionError> {
        self.renew(None)
    }

    /// The same together with the new [stamp](Stamp) of the owner's credential, as where the password was changed: of
    /// the owner's sessions this one stays, and [`check_credential`](Self::check_credential) ends the others.
    ///
    /// Save right beside the change of the user's row. A request of the same browser that begins and ends between the
    /// two sees the new credential and the old stamp, and ends the session.
    ///
    /// # Errors
    ///
    /// As [`reauthenticate`](Self::reauthenticate).
    pub fn reauthenticate_with(&self, stamp: Stamp) -> Result<(), SessionError> {
        self.renew(Some(stamp))
    }

    fn renew(&self, stamp: Option<Stamp>) -> Result<(), SessionError> {
        let mut state = self.0.writable()?;
        state.check_has_answer()?;
        if state.owner().is_none() {
            return Err(SessionError::NotSignedIn);
        }
        state.changes.reauthenticate(stamp);
        state.version += 1;
        Ok(())
    }

    /// Ends the session for good: the record is deleted, the cookie removed; the logout.
    ///
    /// If the browser presented further ids under the cookie's name, their sessions end too.
    /// It holds even if the response is an error. A later write begins another session, under
    /// another id.
    ///
    /// # Errors
    ///
    /// The session is finished.
    pub fn destroy(&self) -> Result<(), SessionError> {
        self.end(Ends::Logout)
    }

    /// Ends the session; `news` is what that is told as, once it is done.
    pub(crate) fn end(&self, news: fn(Option<Arc<str>>) -> Ends) -> Result<(), SessionError> {
        let mut state = self.0.writable_even_if_gone()?;
        state.note_owner();
        if let Some(lost) = state.lost.take() {
            state.delete(lost.key, Condition::Always);
        }
        let outdated = state.outdated.take();
        if let Some(outdated) = &outdated {
            let owner = outdated.stored.record.owner.clone();
            state.end(outdated.stored.key, Condition::Always, news(owner));
        }
        let base = state.base.take();
        let ends = match &base {
            // After a sign-in the browser may have another cookie already.
            Some(stored) => stored.standing != Standing::Closed,
            None => outdated.is_some() || !state.others.is_empty(),
        };
        if ends {
            state.cookie = Some(CookieChange::Remove);
            state.has_logged_out = true;
        }
        if let Some(stored) = base {
            // Nor may a later write's cookie take its place.
            state.is_stale |= stored.standing == Standing::Closed;
            let news = match stored.standing {
                // Its end was told as the sign-in that has left it.
                Standing::Closed => Ends::Quietly,
                Standing::Remembered | Standing::Present => news(stored.record.owner.clone()),
            };
            state.end(stored.key, Condition::Always, news);
        }
        for id in std::mem::take(&mut state.others) {
            let digest = self.0.policy.domain.digest(&id);
            state.end(id.key(), Condition::Opened(digest), Ends::Unseen);
        }
        // A save may be under way in another task.
        state.delete_unacknowledged(true);
        state.unacknowledged = Writes::default();
        state.generation += 1;
        state.has_signed_in = false;
        state.data = Data::default();
        state.changes = Log::default();
        state.loss = None;
        state.version += 1;
        Ok(())
    }

    /// Gives this session a lifetime of its own, or the policy's again; Django's `set_expiry`.
    ///
    /// # Errors
    ///
    /// The lifetime is none ([`crate::ExpiryError`]), or the session can't be written any more.
    pub fn set_expiry(&self, expiry: Expiry) -> Result<(), SessionError> {
        let expiry = expiry.check(self.0.policy.now())?;
        let mut state = self.0.writable()?;
        state.check_has_answer()?;
        if state.expiry() != expiry {
            state.changes.set_expiry(expiry);
            state.version += 1;
        }
        Ok(())
    }

    /// Returns the session's own lifetime; [`Expiry::Policy`] if it has none.
    #[must_use]
    pub fn expiry(&self) -> Expiry {
        self.0.state().expiry()
    }

    /// Returns when the session ends if nobody uses it after this request; `None` without a session.
    ///
    /// The life of a session that has ended while the request went on is not extended; then this is
    /// when it ended. Django's `get_expiry_date`.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at_by(self.0.policy.now()).map(Into::into)
    }

    /// Returns the time that is left after this request; Django's `get_expiry_age`.
    ///
    /// Zero for a session that has ended while the request went on.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        let now = self.0.policy.now();
        let end = self.expires_at_by(now)?;
        Some(left(end, now))
    }

    /// Says whether the cookie ends with the browser; Django's `get_expire_at_browser_close`.
    #[must_use]
    pub fn is_until_browser_close(&self) -> bool {
        !self.0.policy.lifetimes.is_persistent(self.expiry())
    }

    // Facts

    /// Returns whose session it is, after [`sign_in`](Self::sign_in).
    #[must_use]
    pub fn owner(&self) -> Option<Arc<str>> {
        self.0.state().owner().cloned()
    }

    /// Returns by what the request came to the session, or would: [`Carrier::Bearer`] or [`Carrier::Cookie`].
    ///
    /// Browsers attach cookies to requests that other sites have caused, and never a bearer's token. So
    /// requests by a cookie need a check against forgery (CSRF), and those by a bearer do not.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        match self.0.policy.carrier {
            Carrier::Bearer => Carrier::Bearer,
            Carrier::Both | Carrier::Cookie => Carrier::Cookie,
        }
    }

    /// Returns when the owner signed in or re-authenticated. It is `None` before the commit of either,
    /// and for an id from before a re-authentication. A request sees the moment that it was let in with, or
    /// its own: if another one re-authenticates while it runs, it sees none once it has loaded that.
    ///
    /// Check it before a sensitive action, whatever the activity since. (ASVS 5.0, 7.5.1.)
    #[must_use]
    pub fn authenticated_at(&self) -> Option<OffsetDateTime> {
        let state = self.0.state();
        let is_changing = state.changes.signed_in().is_some() || state.changes.reauthenticates();
        let moment = state.visible().filter(|_| !is_changing)?.authenticated();
        moment.map(Into::into)
    }

    /// Returns the session's handle in device lists; `None` before it is stored.
    #[must_use]
    pub fn public_id(&self) -> Option<PublicId> {
        Some(self.0.state().visible()?.key.public_id())
    }

    /// Says whether a stored session stands behind this one.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.0.state().visible().is_some()
    }

    /// Says whether something is to be committed; Django's `modified`.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        let state = self.0.state();
        !state.changes.is_empty() || state.owes_a_delete()
    }

    /// Says whether the session was found to be ended elsewhere while this request was using it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.state().loss == Some(Loss::Gone)
    }

    /// Says whether the request came with an id from before a sign-in, with one that was rotated a
    /// while ago, or with more ids than are looked for. Its changes are dropped, except a sign-in.
    #[must_use]
    pub fn is_superseded(&self) -> bool {
        let state = self.0.state();
        let is_closed = |standing| standing == Standing::Closed;
        state.is_stale
            || state.loss == Some(Loss::Superseded)
            || state
                .base
                .as_ref()
                .is_some_and(|stored| is_closed(stored.standing))
    }

    fn expires_at_by(&self, now: Moment) -> Option<Moment> {
        let state = self.0.state();
        let lifetime = self.0.policy.lifetimes.of(state.owner());
        let expiry = state.expiry();
        let Some(stored) = state.visible() else {
            return (!state.changes.is_empty()).then(|| lifetime.expires(expiry, now, now));
        };
        if state.changes.signed_in().is_some() {
            return Some(lifetime.expires(expiry, now, now));
        }
        let record = &stored.record;
        let end = lifetime.end(record, now);
        if end <= now {
            return Some(end);
        }
        if state.rests() || !stored.may_extend(now) {
            return Some(end);
        }
        if expiry != record.expiry {
            return Some(lifetime.expires(expiry, record.created, now));
        }
        // Changes that cancel each other out write nothing.
        let rotates = Rotation::is_due(&self.0.policy, stored, &state.changes, Renewal::IfOld, now);
        let writes = rotates || state.changes_values();
        let why = state.activity.use_of(writes);
        let extension = lifetime.extension(record, now, why);
        Some(extension.map_or(end, |extension| extension.expires))
    }
}
