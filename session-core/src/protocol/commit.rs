use std::sync::Arc;

use time::OffsetDateTime;

use super::ask::{Ask, Attempt, Decided, Decision};
use super::data::Data;
use super::draft::Draft;
use super::draw::{Drawn, draw};
use super::log::Log;
use super::pending::Creates;
use super::rotation::Rotation;
use super::shared::Shared;
use super::standing::{Standing, Stored};
use super::state::State;
use crate::http::reply::CookieChange;
use crate::policy::lifetime::Use;
use crate::port::moment::truncate;
use crate::{Expiry, Id, IdForm, Policy, Record, Revision, SessionError};

/// One commit under way: the log, the base that it is applied to, and why.
pub(crate) struct Commit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) changes: Log,
    pub(crate) base: Option<Arc<Stored>>,
    pub(crate) data: Data,
    pub(crate) purpose: Purpose,
    pub(crate) attempts: u32,
    pub(crate) generation: u64,
    /// The session that a sign-in has begun, while it leaves the one in `base`.
    pub(crate) entered: Option<Attempt>,
    /// The revision for closing that one, which was drawn together with the new session's; used once.
    pub(crate) closing: Option<Revision>,
    /// The reason for withdrawing the new session.
    pub(crate) failure: Option<SessionError>,
}

/// The upper bound of attempts to replay a log or to compute an update, so that a store that always
/// refuses cannot loop us. It is more than the requests that one visitor can have under way.
pub(crate) const MAX_ATTEMPTS: u32 = 500;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Finish,
    /// The response is an error: only deletes and a presentation are written.
    Fail,
    Save,
}

impl Commit {
    pub(crate) fn new(shared: &Arc<Shared>, state: &mut State, purpose: Purpose) -> Box<Self> {
        Box::new(Self {
            shared: Arc::clone(shared),
            changes: state.changes.clone(),
            base: state.base.clone(),
            data: state.data.take(),
            purpose,
            attempts: 0,
            generation: state.generation,
            entered: None,
            closing: None,
            failure: None,
        })
    }

    /// Decides from the base and the log.
    pub(crate) fn advance(&mut self, now: OffsetDateTime) -> Decided {
        let begins =
            self.base.is_none() || self.changes.signed_in().is_some() || self.moves().is_some();
        let delete = {
            let mut state = self.shared.state();
            if state.generation != self.generation {
                return Ok(Decision::Done(self.shared.reply_of(&state, now)));
            }
            if begins {
                // A creation whose answer was lost is not the session that is created now; one that was
                // moved may be the only one there is.
                state.delete_unacknowledged(self.base.is_none());
            }
            state.pending_deletes.first().copied()
        };
        if let Some(delete) = delete {
            return Ok(Decision::Write(Ask::Delete(Box::new(delete))));
        }
        let now = truncate(now);
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

    /// Says whether the session was destroyed, in another task, since this commit began.
    pub(crate) fn is_discarded(&self) -> bool {
        self.shared.state().generation != self.generation
    }

    /// A session begins when something is first stored in it, or somebody signs in.
    fn create(&mut self, now: OffsetDateTime) -> Decided {
        let (text, expiry) = self.carried()?;
        let owner = self.changes.signed_in().cloned();
        let moved = self.moves().cloned();
        let goes_on = moved.as_deref().filter(|_| owner.is_none());
        let is_empty = *text == *"{}" && owner.is_none() && expiry == Expiry::Policy;
        if is_empty && goes_on.is_none() {
            return Ok(self.done(now));
        }
        if owner.is_none() && goes_on.is_none() && self.shared.state().is_stale {
            return self.superseded(None, now);
        }
        let policy = self.policy();
        let Drawn {
            id,
            revision,
            closing,
        } = draw(policy)?;
        let digest = policy.domain.digest(&id);
        let created = goes_on.map_or(now, |old| old.record.created);
        let expires = truncate(policy.lifetime.expires(expiry, created, now));
        let mut record = Record::new(revision, digest, now, expires);
        if let Some(old) = goes_on {
            record = old.moved(record, self.changes.reauthenticates());
        } else {
            record.authenticated = owner.as_ref().map(|_| now);
            record.owner = owner;
        }
        record.expiry = expiry;
        // Untouched values stay as they are, also if they can't be read.
        let kept = goes_on.filter(|_| !self.changes.touches_values());
        record.data = kept.map_or_else(|| text.into(), |old| Arc::clone(&old.record.data));
        let cookie = Some(self.cookie(id, &record));
        let stored = Arc::new(Stored {
            id,
            key: id.key(),
            digest,
            standing: Standing::Present,
            cookie,
            record,
        });
        Ok(Decision::Write(if let Some(from) = moved {
            let expected = from.record.revision;
            let attempt = self.attempt(stored, expected, Creates::Move);
            Ask::Move { from, attempt }
        } else {
            let expected = stored.record.revision;
            self.closing = Some(closing);
            Ask::Insert(self.attempt(stored, expected, Creates::Record))
        }))
    }

    /// Returns the session if it gets another id, and that is the key too.
    pub(crate) fn moves(&self) -> Option<&Arc<Stored>> {
        let is_plain = self.policy().id_form == IdForm::Plain;
        let stored = self.base.as_ref()?;
        let is_renamed = self.changes.rotates() || self.changes.signed_in().is_some();
        let moves = is_plain && is_renamed && stored.standing == Standing::Present;
        moves.then_some(stored)
    }

    /// Returns the values and the lifetime that a new session begins with. Another owner's are never
    /// carried over.
    pub(crate) fn carried(&self) -> Result<(Draft, Expiry), SessionError> {
        let base = self.base.as_ref();
        let base = base.filter(|stored| !self.changes.ousts(stored.record.owner.as_ref()));
        let text = match base {
            // The same owner signs in again, as by a double click.
            Some(hidden) if hidden.is_hidden() => {
                let data = Data::of_record(&self.shared.policy, hidden.key, &hidden.record);
                self.changes.apply(&data)?.text
            }
            Some(_) => self.changes.apply(&self.data)?.text,
            // All is cleared; but what was taken has to be there.
            None if self.base.is_some() => self.changes.apply(&self.data)?.text,
            None => self.changes.apply(&Data::default())?.text,
        };
        let old = base.map(|stored| &stored.record);
        self.check_size(&text, old)?;
        let inherited = old.map_or(Expiry::Policy, |old| old.expiry);
        Ok((text, self.changes.expiry().unwrap_or(inherited)))
    }

    /// This request's values have been measured, but not together with those of other requests.
    fn check_size(&self, text: &str, old: Option<&Record>) -> Result<(), SessionError> {
        let limit = self.policy().max_bytes;
        let grows = old.is_none_or(|old| text.len() > old.data.len());
        if self.attempts > 0 && text.len() > limit && grows {
            let bytes = text.len();
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(())
    }

    /// Replaces the base with the result of the log. If nothing is to be written, the session's life is
    /// extended, if that is due.
    fn replace(&mut self, stored: &Arc<Stored>, now: OffsetDateTime) -> Decided {
        let old = &stored.record;
        let data = if self.changes.touches_values() {
            let new = self.changes.apply(&self.data)?;
            self.check_size(&new.text, Some(old))?;
            new.is_change.then_some(new.text)
        } else {
            None
        };
        let expiry = self.changes.expiry().unwrap_or(old.expiry);
        let rotation = match self.purpose {
            Purpose::Fail => None,
            _ => Rotation::due(self.policy(), stored, &self.changes, now)?,
        };
        let is_presented = stored.standing == Standing::Present && stored.is_unpresented();
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
        if let Some(rotation) = rotation {
            cookie_of = Some(rotation.id);
            record.secrets = rotation.secrets;
            if self.changes.reauthenticates() {
                record.authenticated = Some(now);
            }
        } else if let (true, Some(remembered)) = (is_presented, &mut record.secrets.remembered) {
            remembered.salt = None;
        }
        let lifetime = policy.lifetime;
        let why = if changes { Use::Write } else { Use::Read };
        let may_extend = stored.may_extend(now) || cookie_of.is_some();
        let present = (stored.standing == Standing::Present).then_some(stored.id);
        if expiry != old.expiry {
            record.seen = now;
            record.expires = truncate(lifetime.expires(expiry, old.created, now));
            cookie_of = cookie_of.or(present);
        } else if may_extend
            && self.purpose != Purpose::Fail
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
    fn touch(&self, stored: &Arc<Stored>, now: OffsetDateTime) -> Decision {
        let may_extend = self.purpose == Purpose::Finish && stored.may_extend(now);
        let lifetime = &self.policy().lifetime;
        match lifetime.extension(&stored.record, now, Use::Read) {
            Some(extension) if may_extend => {
                Decision::Write(Ask::Touch(Arc::clone(stored), extension))
            }
            _ => self.done(now),
        }
    }

    fn cookie(&self, id: Id, record: &Record) -> CookieChange {
        let persistent = self.policy().lifetime.is_persistent(record.expiry);
        CookieChange::Set {
            id,
            until: persistent.then_some(record.expires),
        }
    }

    /// Takes the store's answer to a command.
    pub(crate) fn answered(&mut self, ask: Ask, is_applied: bool, now: OffsetDateTime) -> Decided {
        match (ask, is_applied) {
            (Ask::Delete(delete), _) => {
                let mut state = self.shared.state();
                state.pending_deletes.retain(|pending| *pending != *delete);
                drop(state);
                self.advance(now)
            }
            (Ask::Insert(attempt), true) => self.created(attempt, now),
            (Ask::Insert(attempt), false) => {
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
                // A re-issue that another request has made unnecessary.
                let is_owed = attempt.stored.standing == Standing::Present;
                if self.changes.is_empty() && !is_owed {
                    return Ok(self.done(now));
                }
                Ok(Decision::Load(Ask::Replace(attempt)))
            }
            (Ask::Touch(stored, extension), true) => Ok(self.touched(&stored, extension, now)),
            // Ended or written by another request; either way there is nothing to add.
            (Ask::Touch(..), false) => Ok(self.done(now)),
            (ask, is_applied) => self.sign_in_answered(ask, is_applied, now),
        }
    }

    /// Takes the store's present record under the key of the base.
    ///
    /// Of a record that is gone the changes are dropped, and nothing comes back under any id. On a
    /// record that has changed the log is replayed.
    pub(crate) fn reloaded(
        &mut self,
        refused: Ask,
        found: Option<Record>,
        now: OffsetDateTime,
    ) -> Decided {
        if self.is_discarded() {
            return Ok(self.done(now));
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
        self.rebase(Arc::new(base.with(record, now)));
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

    pub(crate) fn done(&self, now: OffsetDateTime) -> Decision {
        Decision::Done(self.shared.reply(now))
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.shared.policy
    }
}
