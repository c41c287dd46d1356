use std::fmt;
use std::sync::Arc;

use super::data::Data;
use super::exchange::{Exchange, Opened};
use super::pending::{Condition, Ends, PendingDelete};
use super::standing::{Found, Standing, Stored};
use crate::http::cookie::Presented;
use crate::{Digest, Event, EventKind, Id, Key, Moment, Policy, Reason, Record, Revoker};

/// A question to the store, consumed by its answer.
pub struct Unread {
    pub(crate) policy: Arc<Policy>,
    pub(crate) presented: Presented,
    key: Key,
    secret: Digest,
    /// The number of sessions that were loaded before.
    loaded: usize,
    /// The best record so far, if another key is asked for.
    best: Option<Arc<Stored>>,
    /// Ids of sessions that they do not open any more, and still end.
    dead: Vec<Id>,
    is_stale: bool,
    over: Vec<PendingDelete>,
    /// What the lack of a record is told as.
    pub(crate) absence: Absence,
}

/// Why there is no record under a key that was presented.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(
    not(feature = "driver"),
    allow(dead_code, reason = "sessions in cookies are the driver's")
)]
pub(crate) enum Absence {
    /// The owner of a session that is in its cookie has ended it since.
    Outdated(Arc<str>),
    /// A session that is in its cookie, and can't be read.
    Tampered,
    /// The store has none.
    #[default]
    Unknown,
}

/// The end of the questions: the session that was found, if any.
pub(crate) struct Settled(Option<Arc<Stored>>);

impl Unread {
    pub(crate) fn new(policy: Arc<Policy>, presented: Presented, id: Id) -> Self {
        Self {
            key: id.key(),
            secret: policy.domain.digest(&id),
            policy,
            presented,
            loaded: 0,
            best: None,
            dead: Vec::new(),
            is_stale: false,
            over: Vec::new(),
            absence: Absence::Unknown,
        }
    }

    /// Returns the key to load.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Returns the digest of the secret that the browser presented with it.
    #[must_use]
    pub fn secret(&self) -> &Digest {
        &self.secret
    }

    /// Takes what the store has under the key.
    ///
    /// Nothing, something that is over, and a record that the presented secret does not open are no
    /// session, and their id is never adopted. If the browser presented another id, that one is
    /// asked for next; a present secret counts for more than one that was rotated. A record whose data
    /// is corrupt is a session without values, and stays as it is until something is written.
    #[must_use]
    pub fn answer(mut self, mut found: Option<Record>, now: Moment) -> Exchange {
        match self.take(&mut found, now) {
            Some(settled) => Exchange::Open(self.open(settled)),
            None => Exchange::Unread(self),
        }
    }

    /// The same in place: what is opened, or another question.
    pub(crate) fn take(&mut self, found: &mut Option<Record>, now: Moment) -> Option<Settled> {
        if found.is_none() {
            self.tell_absence(now);
        }
        let found = self.opened(found, now);
        self.loaded += 1;
        let best = match (found, self.best.take()) {
            (Some(found), Some(best)) if best.standing >= found.standing => Some(best),
            (Some(found), _) => Some(found),
            (None, best) => best,
        };
        let is_settled = best
            .as_ref()
            .is_some_and(|best| best.standing == Standing::Present);
        // One of ours that opens anything counts for more than another library's.
        let next = self.presented.of_next_key(self.loaded);
        let next = next.filter(|id| best.is_none() || !id.is_legacy());
        if !is_settled && let Some(id) = next {
            self.best = best;
            self.key = id.key();
            self.secret = self.policy.domain.digest(id);
            return None;
        }
        if best.is_none() && self.presented.not_loaded(self.loaded).next().is_some() {
            let event = Event::new(EventKind::OverLimit, now);
            self.policy.tell(event.because(Reason::TooManyIds));
        }
        Some(Settled(best))
    }

    #[cold]
    fn tell_absence(&mut self, now: Moment) {
        let session = self.key.public_id();
        let event = |kind| Event::new(kind, now).of(session);
        match std::mem::take(&mut self.absence) {
            Absence::Unknown => self.policy.tell(event(EventKind::UnknownId)),
            Absence::Tampered => self.policy.tell(event(EventKind::Tampered)),
            // Each request shows the cookie again.
            Absence::Outdated(owner) if self.policy.ended.note(self.key, now) => {
                let event = event(EventKind::Revoked).because(Reason::By(Revoker::Epoch));
                self.policy.tell(event.owned_by(Some(&owner)));
            }
            Absence::Outdated(_) => {}
        }
    }

    /// Returns the session if a presented secret opens it. The record is large, and moved only here.
    fn opened(&mut self, found: &mut Option<Record>, now: Moment) -> Option<Arc<Stored>> {
        let (standing, id, digest) = self.weigh(found.as_ref()?, now)?;
        Some(Arc::new(Stored::new(id, digest, standing, found.take()?)))
    }

    /// Returns the best of the presented secrets that open the session, if one does.
    fn weigh(&mut self, record: &Record, now: Moment) -> Option<(Standing, Id, Digest)> {
        let policy = &self.policy;
        let mut best: Option<(Standing, Id, Digest)> = None;
        let known_dead = self.dead.len();
        for (place, id) in self.presented.of_key(self.key).enumerate() {
            let digest = match place {
                0 => self.secret,
                _ => policy.domain.digest(id),
            };
            match Found::of(record, &digest, now) {
                Found::Open(standing) if best.is_none_or(|(best, ..)| best < standing) => {
                    best = Some((standing, *id, digest));
                }
                Found::Dead(since) => {
                    // Never an end: a stale tab must not log everybody out.
                    let event = Event::new(EventKind::OldSecret, now).of(self.key.public_id());
                    policy.tell(event.owned_by(record.owner.as_deref()));
                    self.is_stale |= now < since.saturating_add(policy.clock_skew);
                    self.dead.push(*id);
                }
                Found::Open(_) | Found::Unknown => {}
            }
        }
        let Some((_, id, _)) = best else {
            if self.dead.len() == known_dead {
                let event = Event::new(EventKind::Tampered, now).of(self.key.public_id());
                policy.tell(event.owned_by(record.owner.as_deref()));
            }
            return None;
        };
        let lifetime = policy.lifetimes.of_record(record);
        if lifetime.is_over(record, now) {
            // A logout ends it all the same, since other clocks may differ.
            self.dead.push(id);
            // That of a session which a sign-in has left was told as the sign-in.
            if policy.ended.note(self.key, now) && !record.closed {
                let event = Event::new(EventKind::Expired, now).of(self.key.public_id());
                let event = event.owned_by(record.owner.as_deref());
                policy.tell(event.because(lifetime.reason(record, now)));
            }
            let agreed = now.saturating_sub(policy.clock_skew);
            if lifetime.end(record, now) <= agreed {
                self.over.push(PendingDelete {
                    key: self.key,
                    condition: Condition::Over(agreed),
                    news: Ends::Quietly,
                });
            }
            return None;
        }
        if policy.ended.has(self.key, now) {
            self.dead.push(id);
            return None;
        }
        best
    }

    /// Opens what the questions have led to.
    pub(crate) fn open(self, Settled(best): Settled) -> Opened {
        let key = best.as_ref().map(|stored| stored.key);
        let data = match &best {
            Some(stored) if !stored.is_hidden() => {
                Data::of_record(&self.policy, stored.key, &stored.record)
            }
            _ => Data::default(),
        };
        let opened = Opened::new(self.policy, best, data);
        let (others, is_stale) = if let Some(key) = key {
            (self.presented.of_other_keys(key), false)
        } else {
            let mut others = self.dead;
            let known = others.len();
            others.extend(self.presented.not_loaded(self.loaded));
            // Its session may be among those that were not looked for. A new one would not be found
            // the next time either, and each write would begin another.
            let is_cut_off = others.len() > known;
            // Another library's session that can't be adopted opens nothing, and a logout ends it.
            for id in self.presented.iter().filter(|id| id.is_legacy()) {
                if !others.contains(id) {
                    others.push(*id);
                }
            }
            (others, self.is_stale || is_cut_off)
        };
        // Hardly any browser presents more than one id, and then the state stays as it began.
        if is_stale || !others.is_empty() || !self.over.is_empty() {
            let mut state = opened.shared().state();
            state.others = others;
            state.is_stale = is_stale;
            state.pending_deletes = self.over;
        }
        opened
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").finish_non_exhaustive()
    }
}
