use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::changes::Changes;
use crate::data::Data;
use crate::exchange::understand;
use crate::lifetime::{Renewal, Use};
use crate::record::truncate;
use crate::reply::CookieChange;
use crate::session::{Phase, Session, Stored};
use crate::{
    Command, CommitError, Expiry, Id, Key, Outcome, Policy, PublicId, Record, Reply, Revision,
};

/// What to do next to commit a session.
#[derive(Debug)]
#[must_use = "a commit is finished only when a step is done"]
pub enum Step {
    /// Ask the store for a record.
    Load(Load),
    /// Give the store a command.
    Write(Write),
    /// Nothing more; put the reply on the response.
    Done(Reply),
}

/// A question to the store: somebody else has changed the session.
pub struct Load(Box<Reload>);

struct Reload {
    commit: Box<Commit>,
    attempt: Attempt,
    key: Key,
}

/// A command for the store.
pub struct Write {
    commit: Box<Commit>,
    kind: Box<Kind>,
}

struct Commit {
    session: Session,
    changes: Arc<Changes>,
    base: Option<Stored>,
    data: Data,
    purpose: Purpose,
    tries: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Finish,
    Save,
}

enum Kind {
    Delete(Key),
    Insert(Attempt),
    Replace {
        key: Key,
        expected: Revision,
        attempt: Attempt,
    },
    Touch {
        stored: Stored,
        renewal: Renewal,
    },
}

/// A record that is to be, and what it means for the cookie.
struct Attempt {
    stored: Stored,
    cookie: Option<CookieChange>,
}

/// More than the requests that can be under way for one visitor; it ends a store that refuses everything.
const MAX_TRIES: u32 = 500;

impl Session {
    /// Closes the session and decides what to write, now that the response's status is known.
    ///
    /// A status of 500 or more drops all changes, but a destroyed session is deleted all the same.
    ///
    /// # Errors
    ///
    /// No random bytes, or an update that does not understand the present value. Answer 503
    /// without a cookie.
    pub fn finish(&self, status: u16, now: OffsetDateTime) -> Result<Step, CommitError> {
        let commit = {
            let mut state = self.state();
            if state.phase == Phase::Open {
                state.phase = Phase::Closed;
            }
            if status >= 500 {
                state.changes = Changes::default();
            }
            let idle = state.changes.is_empty() && state.doomed.is_empty();
            if idle && (status >= 500 || !self.touch_is_due(state.base.as_ref(), now)) {
                let gone = state.phase == Phase::Gone;
                return Ok(Step::Done(Reply::new(
                    &self.0.policy,
                    state.cookie,
                    gone,
                    now,
                )));
            }
            Commit {
                session: self.clone(),
                changes: Arc::new(state.changes.clone()),
                base: state.base.clone(),
                data: state.data.clone(),
                purpose: Purpose::Finish,
                tries: 0,
            }
        };
        Box::new(commit).advance(now)
    }

    /// Decides what to write now, and leaves the session open; `save` drives it to its end.
    ///
    /// Only one commit of a session may be under way.
    ///
    /// # Errors
    ///
    /// As [`finish`](Self::finish).
    pub fn commit(&self, now: OffsetDateTime) -> Result<Step, CommitError> {
        let commit = {
            let state = self.state();
            if state.changes.is_empty() && state.doomed.is_empty() {
                let gone = state.phase == Phase::Gone;
                return Ok(Step::Done(Reply::new(&self.0.policy, None, gone, now)));
            }
            Commit {
                session: self.clone(),
                changes: Arc::new(state.changes.clone()),
                base: state.base.clone(),
                data: state.data.clone(),
                purpose: Purpose::Save,
                tries: 0,
            }
        };
        Box::new(commit).advance(now)
    }

    fn touch_is_due(&self, base: Option<&Stored>, now: OffsetDateTime) -> bool {
        base.is_some_and(|stored| {
            let lifetime = &self.0.policy.lifetime;
            lifetime
                .renewal(&stored.record, truncate(now), Use::Read)
                .is_some()
        })
    }
}

impl Load {
    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// Takes what the store has under the key.
    ///
    /// Gone is gone: the changes are dropped and nothing comes back under any id. Changed: the
    /// log is replayed on what is there now.
    ///
    /// # Errors
    ///
    /// As [`Session::finish`], or too many others were faster.
    pub fn answer(self, found: Option<Record>, now: OffsetDateTime) -> Result<Step, CommitError> {
        let Reload {
            mut commit,
            mut attempt,
            key,
        } = *self.0;
        let policy = Arc::clone(&commit.session.0.policy);
        let Some(record) = found.filter(|record| !policy.lifetime.is_over(record, now)) else {
            return Ok(Step::Done(commit.gone(now)));
        };
        if record.revision == attempt.stored.record.revision {
            // Our own write, whose answer was lost.
            attempt.stored = Stored { key, record };
            return Ok(Step::Done(commit.applied(attempt, now)));
        }
        commit.forget_lost_answer(&record);
        commit.tries += 1;
        if commit.tries >= MAX_TRIES {
            return Err(CommitError::Contended {
                tries: commit.tries,
            });
        }
        commit.data = understand(&record);
        commit.base = Some(Stored { key, record });
        commit.advance(now)
    }
}

impl Write {
    /// Returns the command to give to the store.
    #[must_use]
    pub fn command(&self) -> Command<'_> {
        match &*self.kind {
            Kind::Delete(key) => Command::Delete { key },
            Kind::Insert(attempt) => Command::Insert {
                key: &attempt.stored.key,
                record: &attempt.stored.record,
            },
            Kind::Replace {
                key,
                expected,
                attempt,
            } => Command::Replace {
                key,
                expected: *expected,
                with: &attempt.stored.key,
                record: &attempt.stored.record,
            },
            Kind::Touch { stored, renewal } => Command::Touch {
                key: &stored.key,
                expected: stored.record.revision,
                seen: renewal.seen,
                expires: renewal.expires,
            },
        }
    }

    /// Takes what the store did with the command.
    ///
    /// # Errors
    ///
    /// As [`Load::answer`].
    pub fn answer(self, outcome: Outcome, now: OffsetDateTime) -> Result<Step, CommitError> {
        let Self { mut commit, kind } = self;
        match (*kind, outcome) {
            (Kind::Delete(key), _) => {
                commit
                    .session
                    .state()
                    .doomed
                    .retain(|doomed| *doomed != key);
                commit.advance(now)
            }
            (Kind::Insert(attempt) | Kind::Replace { attempt, .. }, Outcome::Applied) => {
                Ok(Step::Done(commit.applied(attempt, now)))
            }
            (Kind::Insert(attempt), Outcome::Refused) => {
                commit.refused(&attempt);
                commit.tries += 1;
                if commit.tries >= MAX_TRIES {
                    return Err(CommitError::Contended {
                        tries: commit.tries,
                    });
                }
                commit.advance(now)
            }
            (Kind::Replace { key, attempt, .. }, Outcome::Refused) => {
                commit.refused(&attempt);
                Ok(Step::Load(Load(Box::new(Reload {
                    commit,
                    attempt,
                    key,
                }))))
            }
            (Kind::Touch { stored, renewal }, Outcome::Applied) => {
                Ok(Step::Done(commit.touched(stored, renewal, now)))
            }
            // Ended or renewed by another request; either way there is nothing to add.
            (Kind::Touch { .. }, Outcome::Refused) => Ok(Step::Done(commit.reply(now))),
        }
    }
}

impl Commit {
    /// Decides the next step from the base and the log.
    fn advance(self: Box<Self>, now: OffsetDateTime) -> Result<Step, CommitError> {
        let doomed = self.session.state().doomed.last().copied();
        if let Some(key) = doomed {
            return Ok(self.write(Kind::Delete(key)));
        }
        let now = truncate(now);
        match self.base.clone() {
            None => self.create(now),
            Some(stored) if self.changes.is_empty() => Ok(self.touch(stored, now)),
            Some(stored) => self.replace(stored, now),
        }
    }

    /// A session begins when something is first stored in it.
    fn create(self: Box<Self>, now: OffsetDateTime) -> Result<Step, CommitError> {
        let expiry = self.changes.expiry().unwrap_or_default();
        let text = self.changes.apply(&Data::empty())?;
        let owner = self.changes.signed_in().cloned();
        if text == "{}" && owner.is_none() && expiry == Expiry::Policy {
            return Ok(Step::Done(self.reply(now)));
        }
        let policy = self.policy();
        let id = Id::draw(&*policy.entropy)?;
        let record = Record {
            revision: Revision::draw(&*policy.entropy)?,
            public_id: PublicId::draw(&*policy.entropy)?,
            created: now,
            seen: now,
            expires: truncate(policy.lifetime.expires(expiry, now, now)),
            authenticated: owner.as_ref().map(|_| now),
            owner,
            expiry,
            data: text.into(),
        };
        let attempt = self.attempt(Key::of(id), record, true);
        Ok(self.write(Kind::Insert(attempt)))
    }

    /// Nothing changed: the session is renewed, if that is due.
    fn touch(self: Box<Self>, stored: Stored, now: OffsetDateTime) -> Step {
        let renewal = self
            .policy()
            .lifetime
            .renewal(&stored.record, now, Use::Read);
        match renewal {
            Some(renewal) if self.purpose == Purpose::Finish => {
                self.write(Kind::Touch { stored, renewal })
            }
            _ => Step::Done(self.reply(now)),
        }
    }

    /// Puts what the log makes of the base in its place, under a new id if that was asked for.
    fn replace(self: Box<Self>, stored: Stored, now: OffsetDateTime) -> Result<Step, CommitError> {
        let old = &stored.record;
        let lifetime = self.policy().lifetime;
        let entropy = Arc::clone(&self.policy().entropy);
        let signs_in = self.changes.signed_in().cloned();
        let is_foreign = match (&signs_in, &old.owner) {
            (Some(new), Some(present)) => new != present,
            _ => false,
        };
        // What is another owner's is never carried over.
        let text = if is_foreign {
            self.changes.apply(&Data::empty())?
        } else {
            self.changes.apply(&self.data)?
        };
        let inherited = if is_foreign {
            Expiry::Policy
        } else {
            old.expiry
        };
        let expiry = self.changes.expiry().unwrap_or(inherited);
        let same = *text == *old.data && expiry == old.expiry;
        if same && !self.changes.renews_id() {
            return Ok(self.touch(stored, now));
        }
        let mut record = Record {
            revision: Revision::draw(&*entropy)?,
            expiry,
            data: text.into(),
            ..old.clone()
        };
        let mut renewed = true;
        if let Some(owner) = signs_in {
            record.public_id = PublicId::draw(&*entropy)?;
            record.owner = Some(owner);
            record.authenticated = Some(now);
            record.created = now;
            record.seen = now;
            record.expires = lifetime.expires(expiry, now, now);
        } else if expiry != old.expiry {
            record.seen = now;
            record.expires = lifetime.expires(expiry, old.created, now);
        } else if let Some(renewal) = lifetime.renewal(old, now, Use::Write) {
            renewed = renewal.expires > old.expires && lifetime.is_persistent(expiry);
            record.seen = renewal.seen;
            record.expires = renewal.expires;
        } else {
            renewed = false;
        }
        record.expires = truncate(record.expires);
        let with = if self.changes.renews_id() {
            Key::of(Id::draw(&*entropy)?)
        } else {
            stored.key
        };
        let attempt = self.attempt(with, record, renewed || with != stored.key);
        Ok(self.write(Kind::Replace {
            key: stored.key,
            expected: old.revision,
            attempt,
        }))
    }

    fn attempt(&self, key: Key, record: Record, sets_cookie: bool) -> Attempt {
        let cookie = sets_cookie.then(|| self.cookie(&key, &record));
        let unanswered = (record.revision, Arc::clone(&self.changes));
        self.session.state().unanswered.push(unanswered);
        Attempt {
            stored: Stored { key, record },
            cookie,
        }
    }

    fn cookie(&self, key: &Key, record: &Record) -> CookieChange {
        let persistent = self.policy().lifetime.is_persistent(record.expiry);
        CookieChange::Set {
            id: *key.id(),
            until: persistent.then_some(record.expires),
        }
    }

    /// An earlier save may have been applied although its answer was lost: then its changes are in
    /// the base already, and must not be replayed on it.
    fn forget_lost_answer(&mut self, found: &Record) {
        let mut state = self.session.state();
        let lost = state
            .unanswered
            .iter()
            .find(|(revision, _)| *revision == found.revision);
        if let Some((_, saved)) = lost.cloned() {
            let data = understand(found);
            let mut changes = (*self.changes).clone();
            changes.forget(&saved, &data);
            self.changes = Arc::new(changes);
            state.changes.forget(&saved, &data);
            state.unanswered.clear();
            state.version += 1;
        }
    }

    fn refused(&self, attempt: &Attempt) {
        let revision = attempt.stored.record.revision;
        let mut state = self.session.state();
        state
            .unanswered
            .retain(|(unanswered, _)| *unanswered != revision);
    }

    fn applied(self: Box<Self>, attempt: Attempt, now: OffsetDateTime) -> Reply {
        if attempt.stored.record.expires <= now {
            // The store took longer than the session had left.
            return self.gone(now);
        }
        {
            let mut state = self.session.state();
            let data = understand(&attempt.stored.record);
            state.changes.forget(&self.changes, &data);
            state.data = data;
            state.base = Some(attempt.stored);
            state.unanswered.clear();
            state.version += 1;
            state.cookie = attempt.cookie.or(state.cookie);
        }
        self.reply(now)
    }

    fn touched(
        self: Box<Self>,
        mut stored: Stored,
        renewal: Renewal,
        now: OffsetDateTime,
    ) -> Reply {
        let moved = renewal.expires > stored.record.expires;
        stored.record.seen = renewal.seen;
        stored.record.expires = renewal.expires;
        if moved && self.policy().lifetime.is_persistent(stored.record.expiry) {
            let cookie = self.cookie(&stored.key, &stored.record);
            self.session.state().cookie = Some(cookie);
        }
        self.reply(now)
    }

    /// Drops everything: what was ended elsewhere gets no cookie and comes back under no id.
    fn gone(self: Box<Self>, now: OffsetDateTime) -> Reply {
        {
            let mut state = self.session.state();
            state.phase = Phase::Gone;
            state.base = None;
            state.data = Data::empty();
            state.changes = Changes::default();
            state.unanswered.clear();
            state.cookie = None;
            state.version += 1;
        }
        tracing::debug!("a session was ended elsewhere while a request was changing it");
        self.reply(now)
    }

    fn reply(&self, now: OffsetDateTime) -> Reply {
        let state = self.session.state();
        Reply::new(self.policy(), state.cookie, state.phase == Phase::Gone, now)
    }

    fn policy(&self) -> &Policy {
        &self.session.0.policy
    }

    fn write(self: Box<Self>, kind: Kind) -> Step {
        Step::Write(Write {
            commit: self,
            kind: Box::new(kind),
        })
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Load")
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Write({:?})", self.command())
    }
}
