use std::fmt;
use std::sync::Arc;

use super::pending::{Condition, Ends};
use super::session::Session;
use super::state::State;
use crate::http::reply::CookieChange;
use crate::{
    Event, EventKind, Expiry, Policy, PublicId, Reason, Revoke, Revoker, SessionError, StoreError,
};

/// A request's question to the store: end sessions of its owner.
///
/// The answer tells the request whether its own session was among them.
#[must_use = "the request learns only by the answer that its own session has ended"]
pub struct Revocation {
    session: Session,
    owner: Arc<str>,
    which: Which,
}

/// The owned form of [`Revoke`].
#[derive(Clone, Copy)]
enum Which {
    All,
    AllBut(PublicId),
    One(PublicId),
}

impl Session {
    /// Decides which sessions of its owner the request ends.
    ///
    /// A session that this request has signed in itself is not one of "all": saved or not, it begins
    /// after them.
    pub(crate) fn revocation(&self, which: Revoke<'_>) -> Result<Revocation, SessionError> {
        let state = self.0.writable_even_if_gone()?;
        let owner = state.owner().cloned().ok_or(SessionError::NotSignedIn)?;
        let current = state.visible().map(|stored| stored.key.public_id());
        let which = match which {
            Revoke::All => match current.filter(|_| state.has_signed_in) {
                Some(own) => Which::AllBut(own),
                None => Which::All,
            },
            Revoke::AllBut(kept) => Which::AllBut(*kept),
            Revoke::One(one) => Which::One(*one),
        };
        drop(state);
        Ok(Revocation {
            session: self.clone(),
            owner,
            which,
        })
    }

    #[cfg(feature = "driver")]
    /// Decides on the end of all sessions of the owner but this.
    pub(crate) fn revocation_of_others(&self) -> Result<Revocation, SessionError> {
        match self.public_id() {
            Some(own) => self.revocation(Revoke::AllBut(&own)),
            None => self.revocation(Revoke::All),
        }
    }
}

impl Revocation {
    /// Returns the owner.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns which sessions of the owner to end.
    #[must_use]
    pub fn which(&self) -> Revoke<'_> {
        match &self.which {
            Which::All => Revoke::All,
            Which::AllBut(kept) => Revoke::AllBut(kept),
            Which::One(one) => Revoke::One(one),
        }
    }

    /// Takes the store's answer, the number of live sessions that were ended.
    ///
    /// # Errors
    ///
    /// The store failed; then some sessions may have ended. Asking again is safe.
    pub fn answer(self, ended: Result<usize, StoreError>) -> Result<usize, SessionError> {
        let policy = &self.session.0.policy;
        let failed = |error: StoreError| policy.store_failed(error.into(), Some(&self.owner));
        let ended = ended.map_err(failed)?;
        policy.tell_revoked(Revoker::Owner, Some((&self.owner, self.which())), ended);
        if self.ends_its_own() {
            self.session.end_revoked()?;
        }
        Ok(ended)
    }

    fn ends_its_own(&self) -> bool {
        let state = self.session.0.state();
        let Some(stored) = state.visible() else {
            return false;
        };
        let own = stored.key.public_id();
        let is_meant = match self.which {
            Which::All => true,
            Which::AllBut(kept) => kept != own,
            Which::One(one) => one == own,
        };
        is_meant && stored.record.owner.as_deref() == Some(&*self.owner)
    }
}

impl Policy {
    /// Tells that an owner's sessions were ended, or everybody's.
    pub(crate) fn tell_revoked(
        &self,
        revoker: Revoker,
        whose: Option<(&str, Revoke<'_>)>,
        ended: usize,
    ) {
        if ended == 0 {
            return;
        }
        let event = Event::new(EventKind::Revoked, self.now());
        let mut event = event.because(Reason::By(revoker));
        if let Some((owner, which)) = whose {
            event.owner = Some(owner);
            if let Revoke::One(one) = which {
                event.session = Some(*one);
            }
        }
        event.count = ended as u64;
        self.tell(event);
    }
}

impl Session {
    /// The request has ended its stored session itself. A sign-in that was not written yet goes on, with
    /// its values; anything else is over, as after a logout.
    fn end_revoked(&self) -> Result<(), SessionError> {
        {
            let mut state = self.0.writable_even_if_gone()?;
            if state.changes.signed_in().is_some() {
                state.leave_ended();
                return Ok(());
            }
        }
        self.end(|_| Ends::Quietly)
    }
}

impl State {
    /// Lets the pending sign-in begin without the session that it would have left.
    fn leave_ended(&mut self) {
        let expiry = self.expiry();
        if expiry != Expiry::Policy {
            self.changes.set_expiry(expiry);
        }
        // From now on they are this request's own, and dropped with its sign-in.
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let values: Vec<_> = self.members().map(owned).collect();
        self.note_owner();
        self.data.clear();
        // What was taken or proposed holds on no other base.
        self.changes.disown();
        for (key, value) in values {
            self.changes.set(&key, value.into());
        }
        if let Some(stored) = self.base.take() {
            self.delete(stored.key, Condition::Always);
            // Unless the sign-in sets another.
            self.cookie = Some(CookieChange::Remove);
        }
        self.version += 1;
    }
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocation").finish_non_exhaustive()
    }
}
