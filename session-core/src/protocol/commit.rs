use std::sync::{Arc, MutexGuard};

use time::OffsetDateTime;

use crate::http::reply::CookieChange;
use crate::policy::lifetime::{Renewal, Use};
use crate::port::record::truncate;
use crate::protocol::changes::Changes;
use crate::protocol::data::Data;
use crate::protocol::exchange::understand;
use crate::protocol::session::Session;
use crate::protocol::state::{State, Stored, Unanswered};
use crate::protocol::step::{Step, Write};
use crate::{CommitError, Expiry, Id, Key, Policy, PublicId, Record, Reply, Revision};

/// One commit under way: the log, the base that it is applied to, and why.
pub(crate) struct Commit {
    pub(crate) session: Session,
    pub(crate) changes: Arc<Changes>,
    pub(crate) base: Option<Stored>,
    pub(crate) data: Data,
    pub(crate) purpose: Purpose,
    pub(crate) tries: u32,
    deaths: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Finish,
    Save,
}

/// What a commit asks of the store.
pub(crate) enum Kind {
    Delete(Key),
    Insert(Attempt),
    Replace {
        key: Key,
        expected: Revision,
        attempt: Attempt,
        remembered: OffsetDateTime,
    },
    Touch {
        stored: Stored,
        renewal: Renewal,
    },
}

/// A record that is to be, and what it means for the cookie.
pub(crate) struct Attempt {
    pub(crate) stored: Stored,
    pub(crate) cookie: Option<CookieChange>,
}

impl Commit {
    pub(crate) fn new(session: &Session, state: &State, purpose: Purpose) -> Box<Self> {
        Box::new(Self {
            session: session.clone(),
            changes: Arc::new(state.changes.clone()),
            base: state.base.clone(),
            data: state.data.clone(),
            purpose,
            tries: 0,
            deaths: state.deaths,
        })
    }

    /// Decides the next step from the base and the log.
    pub(crate) fn advance(self: Box<Self>, now: OffsetDateTime) -> Result<Step, CommitError> {
        if self.is_overtaken() {
            return Ok(Step::Done(self.reply(now)));
        }
        let doomed = {
            let mut state = self.session.state();
            if self.base.is_none() {
                // A creation whose answer was lost is not the session that is created now.
                state.doom_unanswered();
            }
            state.doomed.last().copied()
        };
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

    /// Says whether the session was destroyed, in another task, since this commit began.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.session.state().deaths != self.deaths
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
        let is_foreign = self.changes.ousts(old.owner.as_ref());
        // What is another owner's is never carried over.
        let text = if is_foreign {
            self.changes.apply(&Data::empty())?
        } else {
            self.changes.apply(&self.data)?
        };
        // What this request wrote has been measured, but not with what others wrote meanwhile.
        let limit = self.policy().max_bytes;
        if self.tries > 0 && text.len() > limit && text.len() > old.data.len() {
            let bytes = text.len();
            return Err(CommitError::TooLarge { bytes, limit });
        }
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
            renewed = lifetime.reaches_the_cookie(renewal, old);
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
        let remembered = now.saturating_add(self.policy().renewal_grace);
        Ok(self.write(Kind::Replace {
            key: stored.key,
            expected: old.revision,
            attempt,
            remembered,
        }))
    }

    fn attempt(&self, key: Key, record: Record, sets_cookie: bool) -> Attempt {
        let cookie = if sets_cookie {
            self.cookie(&key, &record)
        } else {
            None
        };
        self.session.state().unanswered.push(Unanswered {
            key,
            revision: record.revision,
            changes: Arc::clone(&self.changes),
        });
        Attempt {
            stored: Stored { key, record },
            cookie,
        }
    }

    /// None if another request has drawn the id: its response brings it to the browser.
    fn cookie(&self, key: &Key, record: &Record) -> Option<CookieChange> {
        let persistent = self.policy().lifetime.is_persistent(record.expiry);
        key.id().map(|id| CookieChange::Set {
            id: *id,
            until: persistent.then_some(record.expires),
        })
    }

    /// Returns where a commit goes on when the session was moved since this request has found it:
    /// by another request, whose new id is as good as the one that this may have asked for, or
    /// by a write of our own whose answer was lost.
    ///
    /// None if somebody has signed in who was not before: a planted id brings nothing along.
    pub(crate) fn follow(&mut self, to: Key, record: &Record) -> Option<Key> {
        let mut state = self.session.state();
        let own = state.unanswered.iter().find(|write| write.key == to);
        if let Some(own) = own.map(|write| write.key) {
            let cookie = self.cookie(&own, record);
            state.cookie = cookie.or(state.cookie);
            return Some(own);
        }
        let opened = &self.base.as_ref()?.record;
        let is_same = opened.public_id == record.public_id;
        let is_owners = opened.owner.is_some() && opened.owner == record.owner;
        if !is_same && !is_owners {
            return None;
        }
        Arc::make_mut(&mut self.changes).uncycle();
        state.changes.uncycle();
        Some(to)
    }

    /// An earlier save may have been applied although its answer was lost: then its changes are in
    /// the base already, and must not be replayed on it.
    pub(crate) fn forget_lost_answer(&mut self, found: &Record) {
        let lost = {
            let state = self.session.state();
            let mut writes = state.unanswered.iter();
            writes
                .find(|write| write.revision == found.revision)
                .cloned()
        };
        let Some(lost) = lost else {
            return;
        };
        let data = understand(found);
        let mut changes = (*self.changes).clone();
        changes.forget(&lost.changes);
        self.changes = Arc::new(changes);
        if let Some(mut state) = self.settle(&lost.changes, &data) {
            state.unanswered.clear();
            state.version += 1;
        }
    }

    /// Takes out of the session's log what `saved` has brought into the base; none if the session
    /// was destroyed meanwhile.
    ///
    /// Closures of updates are the application's: they run without our lock, and may use the session.
    /// One that changes what it computes shows the result of its last run.
    fn settle(&self, saved: &Changes, base: &Data) -> Option<MutexGuard<'_, State>> {
        let mut computed = Changes::default();
        let mut runs = 0;
        loop {
            let mut rest = {
                let mut state = self.session.state();
                if state.deaths != self.deaths {
                    return None;
                }
                let is_done = runs > 0 && state.changes.is_no_later_than(&computed);
                if is_done || runs >= MAX_RUNS || state.changes.is_no_later_than(saved) {
                    state.changes.forget(saved);
                    state.changes.show(&computed);
                    return Some(state);
                }
                state.changes.clone()
            };
            rest.forget(saved);
            rest.compute(base, &computed);
            computed = rest;
            runs += 1;
        }
    }

    pub(crate) fn refused(&self, attempt: &Attempt) {
        let revision = attempt.stored.record.revision;
        let mut state = self.session.state();
        state.unanswered.retain(|write| write.revision != revision);
    }

    pub(crate) fn applied(self: Box<Self>, attempt: Attempt, now: OffsetDateTime) -> Reply {
        if attempt.stored.record.expires <= now {
            // The store took longer than the session had left.
            return self.gone(now);
        }
        let data = understand(&attempt.stored.record);
        if let Some(mut state) = self.settle(&self.changes, &data) {
            state.data = data;
            state.base = Some(attempt.stored);
            state.unanswered.clear();
            state.version += 1;
            state.cookie = attempt.cookie.or(state.cookie);
        }
        self.reply(now)
    }

    pub(crate) fn touched(
        self: Box<Self>,
        mut stored: Stored,
        renewal: Renewal,
        now: OffsetDateTime,
    ) -> Reply {
        let lifetime = self.policy().lifetime;
        let sends_cookie = lifetime.reaches_the_cookie(renewal, &stored.record);
        stored.record.seen = renewal.seen;
        stored.record.expires = renewal.expires;
        if sends_cookie {
            let cookie = self.cookie(&stored.key, &stored.record);
            let mut state = self.session.state();
            state.cookie = cookie.or(state.cookie);
        }
        self.reply(now)
    }

    /// Drops everything: what was ended elsewhere gets no cookie and comes back under no id.
    pub(crate) fn gone(self: Box<Self>, now: OffsetDateTime) -> Reply {
        {
            let mut state = self.session.state();
            if state.deaths == self.deaths {
                state.is_gone = true;
                state.base = None;
                state.data = Data::empty();
                state.changes = Changes::default();
                state.unanswered.clear();
                state.cookie = None;
                state.version += 1;
            }
        }
        tracing::debug!("a session was ended elsewhere while a request was changing it");
        self.reply(now)
    }

    pub(crate) fn reply(&self, now: OffsetDateTime) -> Reply {
        let state = self.session.state();
        Reply::new(self.policy(), state.cookie, state.is_gone, now)
    }

    fn policy(&self) -> &Policy {
        &self.session.0.policy
    }

    fn write(self: Box<Self>, kind: Kind) -> Step {
        Step::Write(Write::new(self, kind))
    }
}

/// How often the closures of updates run that change the session each time.
const MAX_RUNS: u32 = 8;
