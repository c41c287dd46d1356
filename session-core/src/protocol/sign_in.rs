use std::sync::Arc;

use super::ask::{Ask, Attempt, Decided, Decision};
use super::commit::{Commit, MAX_ATTEMPTS};
use super::pending::{Condition, Creates};
use super::rotation::grace_end;
use super::standing::{Standing, Stored};
use crate::{Moment, Record, Revision, SessionError};

/// A sign-in from a stored session: a new record is inserted, then the old one is closed.
///
/// The old id never leads to the new session. Values that others write to the old session before it
/// is closed are carried along.
impl Commit {
    pub(crate) fn created(&mut self, attempt: Attempt, now: Moment) -> Decided {
        match self.base.clone() {
            Some(old) if old.standing != Standing::Closed => {
                self.entered = Some(attempt);
                self.leave(&old, now)
            }
            _ => self.applied(attempt, now),
        }
    }

    /// Closes the old session: for the grace it can be read by requests that are under way, unless
    /// somebody owned it.
    fn leave(&mut self, old: &Arc<Stored>, now: Moment) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
        }
        // What this request has taken is no other's, so a second sign-in can't carry it along.
        let data = self.changes.without_taken(&self.data);
        let revision = match self.closing.take() {
            Some(revision) => revision,
            None => Revision::from_random(self.policy().random()?),
        };
        let closed = Record {
            data: data.map_or_else(|| old.record.data.clone(), Into::into),
            revision,
            closed: true,
            expires: old.record.expires.min(grace_end(self.policy(), now)),
            ..old.record.clone()
        };
        let (old, closed) = (Arc::clone(old), Box::new(closed));
        Ok(Decision::Write(Ask::Leave { old, closed }))
    }

    pub(crate) fn sign_in_answered(&mut self, ask: Ask, is_applied: bool, now: Moment) -> Decided {
        match (ask, is_applied) {
            (leave @ Ask::Leave { .. }, false) => Ok(Decision::Load(leave)),
            (Ask::Carry(attempt), true) => {
                self.entered = Some(attempt);
                self.leave_again(now)
            }
            // The new session was revoked already; the old one was not closed.
            (Ask::Carry(_), false) | (Ask::Withdraw(_), _) => Err(self.withdrawn()),
            _ => self.enter(now),
        }
    }

    /// Takes what the store has under the old session's key after it could not be closed.
    pub(crate) fn sign_in_reloaded(
        &mut self,
        refused: &Ask,
        found: Option<Record>,
        now: Moment,
    ) -> Decided {
        let Some(entered) = &self.entered else {
            return Ok(self.done(now));
        };
        let (Some(record), Some(base)) = (found, self.base.take()) else {
            // Made anew without being asked, a login with the old password would survive the end of
            // all sessions that a change of the password brings.
            return Ok(Decision::Write(Ask::Withdraw(Arc::clone(&entered.stored))));
        };
        let key = base.key;
        let is_closed =
            matches!(refused, Ask::Leave { closed, .. } if closed.revision == record.revision);
        if is_closed {
            // By our own write, whose answer was lost.
            return self.enter(now);
        }
        if self.changes.takes() && self.policy().is_over(key, &record, now) {
            // Another may have taken it before.
            return Ok(Decision::Write(Ask::Withdraw(Arc::clone(&entered.stored))));
        }
        // Of one that is over comes along what was written since, as of any other.
        let left = Arc::new(base.with(record, now));
        self.rebase(Arc::clone(&left), now);
        self.attempts += 1;
        if self.attempts >= MAX_ATTEMPTS {
            return Ok(Decision::Write(Ask::LeaveByKey(left)));
        }
        let (text, expiry) = self.carried()?;
        let Some(entered) = &self.entered else {
            return Ok(self.done(now));
        };
        let present = &entered.stored.record;
        if *text == *present.data && expiry == present.expiry {
            return self.leave_again(now);
        }
        let policy = self.policy();
        let record = Record {
            revision: Revision::from_random(policy.random()?),
            expires: policy.lifetimes.of_record(present).expires(
                expiry,
                present.created,
                present.seen,
            ),
            expiry,
            data: text.into(),
            ..present.clone()
        };
        let expected = present.revision;
        let stored = Arc::new(entered.stored.with(record, now));
        let attempt = self.attempt(stored, expected, Creates::Record);
        Ok(Decision::Write(Ask::Carry(attempt)))
    }

    fn leave_again(&mut self, now: Moment) -> Decided {
        match self.base.clone() {
            Some(old) if !self.is_left(&old, now) => self.leave(&old, now),
            _ => self.enter(now),
        }
    }

    /// Says whether there is nothing to close: another sign-in has done it, as the second of a double click does, or the session
    /// is over.
    fn is_left(&self, old: &Stored, now: Moment) -> bool {
        old.standing == Standing::Closed || self.policy().is_over(old.key, &old.record, now)
    }

    fn enter(&mut self, now: Moment) -> Decided {
        match self.entered.take() {
            Some(attempt) => self.applied(attempt, now),
            None => Ok(self.done(now)),
        }
    }

    fn withdrawn(&mut self) -> SessionError {
        if let Some(attempt) = self.entered.take() {
            self.refused(&attempt);
        }
        self.given_up();
        self.failure.take().unwrap_or_else(|| {
            if !self.is_discarded() {
                self.shared.state().lose();
            }
            SessionError::Gone
        })
    }

    /// Ends the session that was begun, because the sign-in can't be completed.
    pub(crate) fn withdraw(&mut self, failure: SessionError) -> Decided {
        match &self.entered {
            Some(attempt) => {
                self.failure = Some(failure);
                Ok(Decision::Write(Ask::Withdraw(Arc::clone(&attempt.stored))))
            }
            None => Err(failure),
        }
    }

    /// The store has failed between the two writes: the browser keeps the old session, and the new
    /// one is ended if this request commits again.
    pub(crate) fn give_up_entering(&mut self) {
        if let Some(attempt) = self.entered.take() {
            let mut state = self.shared.state();
            state.delete(attempt.stored.key, Condition::Always);
        }
    }
}
