use std::sync::Arc;

use super::ask::{Attempt, Decided, Decision};
use super::changes::Changes;
use super::commit::Commit;
use super::data::Data;
use super::locked::Locked;
use super::log::Log;
use super::pending::{Condition, Creates, Unacknowledged};
use super::shared::Shared;
use super::standing::{Standing, Stored};
use super::state::State;
use crate::http::reply::CookieChange;
use crate::policy::lifetime::Extension;
use crate::{Carrier, EventKind, Key, Moment, Reason, Revision, SessionError};

/// The effects of a store's answers on the session's state.
impl Commit {
    /// Notes that a record is about to be written.
    #[inline]
    pub(crate) fn attempt(
        &self,
        stored: Arc<Stored>,
        expected: Revision,
        creates: Creates,
    ) -> Attempt {
        // Only a later commit asks what became of it.
        if !self.is_alone() {
            self.shared.state().unacknowledged.push(Unacknowledged {
                stored: Arc::clone(&stored),
                changes: self.changes.clone(),
                creates,
            });
        }
        Attempt { stored, expected }
    }

    /// Says whether nobody is left who could use the session, or read it: it is closed, and the handler has
    /// dropped it, as most have.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    /// Says whether the session was destroyed, in another task, since this commit began.
    pub(crate) fn is_discarded(&self) -> bool {
        self.shared.state().generation != self.generation
    }

    pub(crate) fn may_have_written(&self, key: Key) -> bool {
        self.shared.state().may_have_written(key)
    }

    #[inline]
    pub(crate) fn applied(&self, attempt: Attempt, now: Moment) -> Decided {
        if attempt.stored.record.expires <= now {
            // The store took longer than the session had left.
            return self.gone(now);
        }
        let Stored { key, cookie, .. } = *attempt.stored;
        let is_owned = attempt.stored.record.owner.is_some();
        let told = attempt
            .stored
            .news
            .is_some()
            .then(|| Arc::clone(&attempt.stored));
        let Some(mut state) = self.take_over(attempt.stored) else {
            // Destroyed in another task while the answer was on its way.
            self.shared.state().delete(key, Condition::Always);
            return Ok(self.done(now));
        };
        state.cookie = cookie.or(state.cookie);
        let reply = self.shared.reply_of(&state, now);
        let reply = reply.for_owner(self.policy(), is_owned);
        drop(state);
        if let Some(stored) = told {
            self.announce(&stored, now);
        }
        Ok(Decision::Done(reply))
    }

    /// Shows the session as it is stored now; `None` if it was destroyed meanwhile.
    #[inline]
    fn take_over(&self, stored: Arc<Stored>) -> Option<Locked<'_>> {
        if self.is_alone() {
            return Some(self.shared.state());
        }
        let data = Data::of_record(&self.shared.policy, stored.key, &stored.record);
        let mut state = self.settle(&self.changes, &data)?;
        state.has_signed_in |= self.changes.signed_in().is_some();
        state.is_stale = false;
        state.adopt(stored, data);
        Some(state)
    }

    /// Continues from the state that another request has stored.
    pub(crate) fn rebase(&mut self, mut stored: Arc<Stored>, now: Moment) {
        self.data = self
            .data
            .again(&self.shared.policy, stored.key, &stored.record);
        self.forget_lost_answer(&mut stored, now);
        {
            // The secret that an early save has issued is not the present one any more.
            let present = stored.record.secrets.present;
            let mut state = self.shared.state();
            if let Some(CookieChange::Set { id, .. }) = state.cookie
                && id.key() == stored.key
                && self.policy().domain.digest(&id) != present
            {
                state.cookie = None;
            }
        }
        self.base = Some(stored);
    }

    /// An earlier save may have been applied although its answer was lost. Then its changes are in the
    /// base already and must not be replayed on it, and its cookie is owed.
    fn forget_lost_answer(&mut self, stored: &mut Arc<Stored>, now: Moment) {
        let lost = {
            let state = self.shared.state();
            let mut writes = state.unacknowledged.iter();
            writes
                .find(|write| write.revision() == stored.record.revision)
                .cloned()
        };
        let Some(lost) = lost else {
            return;
        };
        self.changes.forget(&lost.changes);
        // The moment of its own re-authentication.
        Arc::make_mut(stored).sees_moment = lost.stored.sees_moment;
        if let Some(mut state) = self.settle(&lost.changes, &self.data) {
            state.has_signed_in |= lost.changes.signed_in().is_some();
            state.cookie = lost.cookie().or(state.cookie);
            state.adopt(Arc::clone(stored), self.data.clone());
            drop(state);
            self.announce(&lost.stored, now);
        }
    }

    /// Returns the session as it is if an earlier save has moved it, whose answer was lost; it is not under the
    /// key of `missed`.
    pub(crate) fn moved(&self, missed: &Stored) -> Option<Stored> {
        let mut state = self.shared.state();
        let is_move = |write: &Unacknowledged| write.creates == Creates::Move;
        let writes = &mut state.unacknowledged;
        writes.retain(|write| !is_move(write) || write.key() != missed.key);
        let lost = writes.iter().find(|write| is_move(write))?;
        let Some(CookieChange::Set { id, .. }) = lost.cookie() else {
            return None;
        };
        let digest = self.policy().domain.digest(&id);
        let mut record = missed.record.clone();
        record.secrets.present = digest;
        record.owner = lost.changes.signed_in().cloned().or(record.owner);
        Some(Stored::new(id, digest, Standing::Present, record))
    }

    /// Removes the changes of `saved`, which are in the base now, from the session's log; `None` if the
    /// session was destroyed meanwhile.
    ///
    /// Closures of updates are the application's: they run without our lock, and may use the session.
    /// A closure that changes its own value shows the result of its last run.
    fn settle(&self, saved: &Log, base: &Data) -> Option<Locked<'_>> {
        let mut computed = Changes::default();
        let mut runs = 0;
        loop {
            let mut rest = {
                let mut state = self.shared.state();
                if state.generation != self.generation {
                    return None;
                }
                if state.changes.is_shared_with(saved) {
                    state.changes.empty();
                    return Some(state);
                }
                let is_done = runs > 0 && state.changes.is_no_later_than(&computed);
                if is_done || runs >= MAX_RUNS || state.changes.is_no_later_than(saved) {
                    state.changes.forget(saved);
                    state.changes.show(&computed);
                    return Some(state);
                }
                Changes::clone(&state.changes)
            };
            rest.forget(saved);
            rest.compute(base, &computed);
            base.tell();
            computed = rest;
            runs += 1;
        }
    }

    /// Shows the base on which a claim does not hold, and forgets the claims that don't. The other
    /// changes are still to be written.
    pub(crate) fn conflicted(&self) {
        let Some(stored) = &self.base else {
            return;
        };
        let log = self.shared.state().changes.clone();
        let conflicts = log.conflicts(&self.data);
        self.data.tell();
        if let Some(mut state) = self.settle(&Log::default(), &self.data) {
            state.changes.forget_entries(&conflicts);
            state.base = Some(Arc::clone(stored));
            state.data = self.data.clone();
            state.version += 1;
        }
    }

    pub(crate) fn refused(&self, attempt: &Attempt) {
        let revision = attempt.stored.record.revision;
        let mut state = self.shared.state();
        state
            .unacknowledged
            .retain(|write| write.revision() != revision);
    }

    fn dropped(&self, reason: &SessionError, now: Moment) {
        if self.changes.is_empty() {
            return;
        }
        self.tell(EventKind::ChangesDropped, Reason::Error(reason), now);
    }

    /// Drops everything: a session that was ended elsewhere gets no cookie and comes back under no id.
    ///
    /// A sign-in is never dropped silently, nor is a value that was taken; other changes by the policy's
    /// choice.
    pub(crate) fn gone(&self, now: Moment) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
        }
        self.dropped(&SessionError::Gone, now);
        self.shared.state().lose();
        let refuses = self.policy().refuses_when_gone && !self.changes.is_empty();
        if refuses || self.changes.signed_in().is_some() || self.changes.takes() {
            return Err(SessionError::Gone);
        }
        Ok(self.done(now))
    }

    /// Drops changes that were made with an id from before a sign-in.
    ///
    /// A value that was taken is another request's, which has to be said.
    pub(crate) fn superseded(&self, closed: Option<&Arc<Stored>>, now: Moment) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
        }
        self.dropped(&SessionError::Superseded, now);
        self.shared.state().supersede(closed, &self.data);
        if self.changes.takes() {
            return Err(SessionError::Superseded);
        }
        Ok(self.done(now))
    }
}

impl State {
    /// Says whether an early save may have written although its answer was lost; then the base may
    /// not be the stored state.
    pub(crate) fn may_have_written(&self, key: Key) -> bool {
        self.unacknowledged.iter().any(|write| write.key() == key)
    }
}

impl Shared {
    /// Sends the cookie again if the extension of the session's life moves its end.
    pub(crate) fn touched(&self, stored: &Stored, extension: Extension) {
        let lifetime = self.policy.lifetimes.of_record(&stored.record);
        let has_cookie = self.policy.carrier != Carrier::Bearer;
        let is_present = has_cookie && stored.standing == Standing::Present;
        if is_present && lifetime.moves_the_cookie(extension, &stored.record) {
            let persistent = lifetime.is_persistent(stored.record.expiry);
            self.state().cookie = Some(CookieChange::Set {
                id: stored.id,
                until: persistent.then_some(extension.expires),
            });
        }
    }
}

/// The limit of runs for closures of updates that change the session each time.
const MAX_RUNS: u32 = 8;
