use std::sync::{Arc, MutexGuard};

use time::OffsetDateTime;

use super::ask::{Attempt, Decided, Decision};
use super::changes::Changes;
use super::commit::Commit;
use super::data::Data;
use super::log::Log;
use super::pending::{Condition, Creates, Unacknowledged};
use super::standing::{Standing, Stored};
use super::state::State;
use crate::http::reply::CookieChange;
use crate::policy::lifetime::Extension;
use crate::{Event, Key, Revision, SessionError};

/// The effects of a store's answers on the session's state.
impl Commit {
    /// Notes that a record is about to be written.
    pub(crate) fn attempt(
        &self,
        stored: Arc<Stored>,
        expected: Revision,
        creates: Creates,
    ) -> Attempt {
        self.shared.state().unacknowledged.push(Unacknowledged {
            stored: Arc::clone(&stored),
            changes: self.changes.clone(),
            creates,
        });
        Attempt { stored, expected }
    }

    /// Says whether an early save may have written although its answer was lost; then the base may
    /// not be the stored state.
    pub(crate) fn may_have_written(&self, key: Key) -> bool {
        let state = self.shared.state();
        state.unacknowledged.iter().any(|write| write.key() == key)
    }

    pub(crate) fn applied(&self, attempt: Attempt, now: OffsetDateTime) -> Decided {
        if attempt.stored.record.expires <= now {
            // The store took longer than the session had left.
            return self.gone(now);
        }
        let key = attempt.stored.key;
        let data = Data::of_record(&self.shared.policy, key, &attempt.stored.record);
        let Some(mut state) = self.settle(&self.changes, &data) else {
            // Destroyed in another task while the answer was on its way.
            self.shared.state().delete(key, Condition::Always);
            return Ok(self.done(now));
        };
        state.has_reauthenticated |= self.changes.reauthenticates();
        state.has_signed_in |= self.changes.signed_in().is_some();
        state.is_stale = false;
        state.cookie = attempt.stored.cookie.or(state.cookie);
        let new_id = self.moves().is_some()
            || matches!(attempt.stored.cookie, Some(CookieChange::Set { id, .. }) if id != attempt.stored.id);
        state.adopt(attempt.stored, data);
        let reply = self.shared.reply_of(&state, now);
        drop(state);
        self.announce(key, new_id);
        Ok(Decision::Done(reply))
    }

    pub(crate) fn touched(
        &self,
        stored: &Stored,
        extension: Extension,
        now: OffsetDateTime,
    ) -> Decision {
        let lifetime = &self.policy().lifetime;
        let is_present = stored.standing == Standing::Present;
        if is_present && lifetime.moves_the_cookie(extension, &stored.record) {
            let persistent = lifetime.is_persistent(stored.record.expiry);
            self.shared.state().cookie = Some(CookieChange::Set {
                id: stored.id,
                until: persistent.then_some(extension.expires),
            });
        }
        self.done(now)
    }

    /// Continues from the state that another request has stored.
    pub(crate) fn rebase(&mut self, stored: Arc<Stored>) {
        self.data = Data::of_record(&self.shared.policy, stored.key, &stored.record);
        self.forget_lost_answer(&stored);
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
    fn forget_lost_answer(&mut self, stored: &Arc<Stored>) {
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
        if let Some(mut state) = self.settle(&lost.changes, &self.data) {
            state.has_reauthenticated |= lost.changes.reauthenticates();
            state.has_signed_in |= lost.changes.signed_in().is_some();
            state.cookie = lost.cookie().or(state.cookie);
            state.adopt(Arc::clone(stored), self.data.clone());
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
    fn settle(&self, saved: &Log, base: &Data) -> Option<MutexGuard<'_, State>> {
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

    /// Drops everything: a session that was ended elsewhere gets no cookie and comes back under no id.
    ///
    /// A sign-in is never dropped silently, nor is a value that was taken; other changes by the policy's
    /// choice.
    pub(crate) fn gone(&self, now: OffsetDateTime) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
        }
        self.dropped(&SessionError::Gone);
        self.shared.state().lose();
        let refuses = self.policy().refuses_when_gone && !self.changes.is_empty();
        if refuses || self.changes.signed_in().is_some() || self.changes.takes() {
            return Err(SessionError::Gone);
        }
        Ok(self.done(now))
    }

    fn announce(&self, key: Key, new_id: bool) {
        if self.changes.signed_in().is_some() {
            let session = key.public_id();
            self.policy().tell(&Event::SignedIn { session });
        } else if new_id {
            let session = key.public_id();
            self.policy().tell(&Event::Rotated { session });
        }
    }

    fn dropped(&self, reason: &SessionError) {
        let state = self.shared.state();
        let session = state.base.as_ref().map(|base| base.key.public_id());
        drop(state);
        self.policy()
            .tell(&Event::ChangesDropped { session, reason });
    }

    /// Drops changes that were made with an id from before a sign-in.
    ///
    /// A value that was taken is another request's, which has to be said.
    pub(crate) fn superseded(&self, closed: Option<&Arc<Stored>>, now: OffsetDateTime) -> Decided {
        self.dropped(&SessionError::Superseded);
        if !self.is_discarded() {
            self.shared.state().supersede(closed, &self.data);
        }
        if self.changes.takes() {
            return Err(SessionError::Superseded);
        }
        Ok(self.done(now))
    }
}

/// The limit of runs for closures of updates that change the session each time.
const MAX_RUNS: u32 = 8;
