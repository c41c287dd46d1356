use std::sync::Arc;

use super::activity::Activity;
use super::ask::{Ask, Attempt, Decided, Decision};
use super::cap::Cap;
use super::data::Data;
use super::log::Log;
use super::pending::Creates;
use super::replay::Applied;
use super::rotation::Rotation;
use super::shared::Shared;
use super::standing::{Standing, Stored};
use super::state::State;
use crate::http::reply::CookieChange;
use crate::{Carrier, Id, Moment, Policy, Record, Revision, SessionError};

/// One commit under way: the log, the base that it is applied to, and why.
pub(crate) struct Commit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) changes: Log,
    pub(crate) base: Option<Arc<Stored>>,
    pub(crate) data: Data,
    pub(crate) purpose: Purpose,
    activity: Activity,
    pub(crate) attempts: u32,
    pub(crate) generation: u64,
    /// The session that a sign-in has begun, while it leaves the one in `base`.
    pub(crate) entered: Option<Attempt>,
    /// The revision for closing that one, which was drawn together with the new session's; used once.
    pub(crate) closing: Option<Revision>,
    /// The reason for withdrawing the new session.
    pub(crate) failure: Option<SessionError>,
    /// How far a sign-in under a cap has come; `None` until the first list.
    pub(crate) cap: Option<Box<Cap>>,
}

/// The upper bound of attempts to replay a log or to compute an update, so that a store that always
/// refuses cannot loop us. It is more than the requests that one visitor can have under way.
pub(crate) const MAX_ATTEMPTS: u32 = 500;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Finish,
    /// The response is an error, or the request is no activity: only deletes and a presentation are written.
    Fail,
    Save,
    /// The request is over, and its socket goes on: values and deletes only.
    Reopened,
}

impl Commit {
    #[inline]
    pub(crate) fn new(shared: Arc<Shared>, state: &mut State, purpose: Purpose) -> Box<Self> {
        Box::new(Self {
            shared,
            changes: state.changes.clone(),
            base: state.base.clone(),
            data: state.data.take(),
            purpose,
            activity: state.activity,
            attempts: 0,
            generation: state.generation,
            entered: None,
            closing: None,
            failure: None,
            cap: None,
        })
    }

    /// Decides from the base and the log.
    pub(crate) fn advance(&mut self, now: Moment) -> Decided {
        let begins =
            self.base.is_none() || self.changes.signed_in().is_some() || self.moves().is_some();
        let (delete, outdated) = {
            let mut state = self.shared.state();
            if state.generation != self.generation {
                return Ok(Decision::Done(self.shared.reply_of(&state, now)));
            }
            if begins {
                // A creation whose answer was lost is not the session that is created now; one that was
                // moved may be the only one there is.
                state.delete_unacknowledged(self.base.is_none());
            }
            // An early save leaves the outdated session to the response.
            let ends = self.purpose != Purpose::Save;
            let outdated = state.outdated.as_ref().filter(|_| ends).map(Arc::clone);
            (state.pending_deletes.first().cloned(), outdated)
        };
        if let Some(delete) = delete {
            return Ok(Decision::Write(Ask::Delete(Box::new(delete))));
        }
        if let Some(outdated) = outdated {
            return Ok(Decision::Write(self.end(outdated, now)?));
        }
        if let Some(stored) = &self.base
            && self.policy().ended.has(stored.key, now)
        {
            return self.gone(now);
        }
        if begins {
            return self.create(now);
        }
        let Some(stored) = self.base.take() else {
            return Ok(self.done(now));
        };
        let decided = match stored.standing {
            Standing::Closed if self.changes.is_empty() => Ok(self.done(now)),
            Standing::Closed => self.superseded(Some(&stored), now),
            Standing::Present | Standing::Remembered => self.replace(&stored, now),
        };
        self.base = Some(stored);
        decided
    }

    /// This request's values have been measured, but not together with those of other requests.
    pub(crate) fn check_size(&self, text: &str, old: Option<&Record>) -> Result<(), SessionError> {
        let limit = self.policy().max_bytes;
        let grows = old.is_none_or(|old| text.len() > old.data.len());
        if self.attempts > 0 && text.len() > limit && grows {
            let bytes = text.len();
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(())
    }

    /// Applies the log to a base; closures of updates run, and the caller has no lock.
    #[inline]
    pub(crate) fn applied_to(&self, base: &Data) -> Result<Applied, SessionError> {
        let applied = self.changes.apply(base);
        base.tell();
        applied
    }

    /// Replaces the base with the result of the log. If nothing is to be written, the session's life is
    /// extended, if that is due.
    #[inline]
    fn replace(&mut self, stored: &Arc<Stored>, now: Moment) -> Decided {
        let old = &stored.record;
        let data = if self.changes.touches_values() {
            let new = self.applied_to(&self.data)?;
            self.check_size(&new.text, Some(old))?;
            new.is_change.then_some(new.text)
        } else {
            None
        };
        let expiry = self.changes.expiry().unwrap_or(old.expiry);
        let rotation = match self.purpose {
            Purpose::Fail | Purpose::Reopened => None,
            _ => Rotation::due(self.policy(), stored, &self.changes, self.renewal(), now)?,
        };
        let is_presented = self.purpose != Purpose::Reopened && stored.owes_a_presentation();
        let changes = data.is_some() || expiry != old.expiry || rotation.is_some();
        if !changes && !is_presented && !self.may_have_written(stored.key) {
            return Ok(self.touch(stored, now));
        }
        let policy = self.policy();
        let drawn = rotation.as_ref().and_then(|rotation| rotation.revision);
        let revision = match drawn {
            Some(revision) => revision,
            None => Revision::from_random(policy.random()?),
        };
        // The one copy of the record, in its place: the base is shared.
        let mut next = Arc::clone(stored);
        let new = Arc::make_mut(&mut next);
        let record = &mut new.record;
        record.revision = revision;
        record.expiry = expiry;
        if let Some(text) = data {
            record.data = text.into();
        }
        let mut cookie_of = None;
        new.news = None;
        if let Some(rotation) = rotation {
            cookie_of = Some(rotation.id);
            // The same secret once more is no rotation.
            if drawn.is_some() || self.changes.reauthenticates() {
                new.news = Some(self.news_of_rotation());
            }
            record.secrets = rotation.secrets;
            if self.changes.reauthenticates() {
                record.authenticated = Some(now);
                self.stamp(record);
                new.sees_moment = true;
            }
        } else if let (true, Some(remembered)) = (is_presented, &mut record.secrets.remembered) {
            remembered.salt = None;
        }
        let lifetime = policy.lifetimes.of_record(old);
        let why = self.activity.use_of(changes);
        let may_extend = stored.may_extend(now) || cookie_of.is_some();
        let has_cookie = policy.carrier != Carrier::Bearer;
        let present = (has_cookie && stored.standing == Standing::Present).then_some(stored.id);
        if expiry != old.expiry {
            record.seen = now;
            record.expires = lifetime.expires(expiry, old.created, now);
            cookie_of = cookie_of.or(present);
        } else if may_extend
            && matches!(self.purpose, Purpose::Finish | Purpose::Save)
            && let Some(extension) = lifetime.extension(old, now, why)
        {
            record.seen = extension.seen;
            record.expires = extension.expires;
            let moves = lifetime.moves_the_cookie(extension, old);
            cookie_of = cookie_of.or(present.filter(|_| moves));
        }
        new.stand(now);
        new.cookie = cookie_of.map(|id| self.cookie(id, &new.record));
        let attempt = self.attempt(next, old.revision, Creates::State);
        Ok(Decision::Write(Ask::Replace(attempt)))
    }

    /// Nothing changed: the session's life is extended, if that is due.
    fn touch(&self, stored: &Arc<Stored>, now: Moment) -> Decision {
        let may_extend = self.purpose == Purpose::Finish && stored.may_extend(now);
        let lifetime = self.policy().lifetimes.of_record(&stored.record);
        match lifetime.extension(&stored.record, now, self.activity.use_of(false)) {
            Some(extension) if may_extend => {
                Decision::Write(Ask::Touch(Arc::clone(stored), extension))
            }
            _ => self.done(now),
        }
    }

    #[inline]
    pub(crate) fn cookie(&self, id: Id, record: &Record) -> CookieChange {
        let persistent = self.policy().lifetimes.is_persistent(record.expiry);
        CookieChange::Set {
            id,
            until: persistent.then_some(record.expires),
        }
    }

    /// Takes the store's answer to a command.
    #[inline]
    pub(crate) fn answered(&mut self, ask: Ask, is_applied: bool, now: Moment) -> Decided {
        match (ask, is_applied) {
            (Ask::Delete(delete), _) => {
                let mut state = self.shared.state();
                state
                    .pending_deletes
                    .retain(|pending| !pending.is_same(&delete));
                drop(state);
                delete.tell(self.policy(), now);
                self.advance(now)
            }
            (Ask::Insert(attempt) | Ask::Try { attempt, .. }, true) => self.crowded(attempt, now),
            (Ask::Insert(attempt) | Ask::Try { attempt, .. }, false) => {
                self.refused(&attempt);
                self.count()?;
                self.advance(now)
            }
            (Ask::Replace(attempt) | Ask::Move { attempt, .. }, true) => self.applied(attempt, now),
            (Ask::Move { from, attempt }, false) => {
                self.refused(&attempt);
                Ok(Decision::Load(Ask::Move { from, attempt }))
            }
            (Ask::Replace(attempt), false) => {
                self.refused(&attempt);
                // A re-issue or a renewal that another has made unnecessary, unless it is a presentation too.
                let base = self.base.as_ref();
                let is_owed = attempt.stored.standing == Standing::Present
                    || base.is_some_and(|base| base.owes_a_presentation());
                if self.changes.is_empty() && !is_owed {
                    return Ok(self.done(now));
                }
                Ok(Decision::Load(Ask::Replace(attempt)))
            }
            (Ask::Touch(stored, extension), true) => {
                self.shared.touched(&stored, extension);
                Ok(self.done(now))
            }
            // Ended or written by another request; either way there is nothing to add.
            (Ask::Touch(..), false) => Ok(self.done(now)),
            (ask @ (Ask::EndOldest(_) | Ask::Admit(_)), is_applied) => {
                self.cap_answered(&ask, is_applied, now)
            }
            (end @ Ask::End { .. }, is_applied) => self.end_answered(end, is_applied, now),
            (ask, is_applied) => self.sign_in_answered(ask, is_applied, now),
        }
    }

    /// Takes the store's present record under the key of the base.
    ///
    /// Of a record that is gone the changes are dropped, and nothing comes back under any id. On a
    /// record that has changed the log is replayed.
    pub(crate) fn reloaded(&mut self, refused: Ask, found: Option<Record>, now: Moment) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
        }
        if let Ask::End { outdated, .. } = &refused {
            return self.outdated_reloaded(outdated, found, now);
        }
        if let (None, Ask::Move { .. }, Some(base)) = (&found, &refused, &self.base)
            && let Some(there) = self.moved(base)
        {
            self.base = Some(Arc::new(there));
            return Ok(Decision::Load(refused));
        }
        let mut attempt = match refused {
            Ask::Replace(attempt) | Ask::Move { attempt, .. } => attempt,
            other => return self.sign_in_reloaded(&other, found, now),
        };
        let (Some(record), Some(base)) = (found, self.base.take()) else {
            return self.gone(now);
        };
        // Whoever signs in begins another session, also where another program does so under its key.
        let is_another = record.owner != base.record.owner;
        if is_another || self.policy().is_over(base.key, &record, now) {
            return self.gone(now);
        }
        if record.revision == attempt.stored.record.revision {
            // Our own write, whose answer was lost.
            attempt.stored = Arc::new(attempt.stored.with(record, now));
            return self.applied(attempt, now);
        }
        self.rebase(Arc::new(base.with(record, now)), now);
        self.count()?;
        self.advance(now)
    }

    pub(crate) fn count(&mut self) -> Result<(), SessionError> {
        self.attempts += 1;
        if self.attempts >= MAX_ATTEMPTS {
            let attempts = self.attempts;
            return Err(SessionError::Contended { attempts });
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn done(&self, now: Moment) -> Decision {
        Decision::Done(self.shared.reply(now))
    }

    #[inline]
    pub(crate) fn policy(&self) -> &Policy {
        &self.shared.policy
    }
}
