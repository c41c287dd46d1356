use std::sync::Arc;

use time::Duration;

use super::ask::{Ask, Attempt, Decided, Decision};
use super::commit::Commit;
use super::log::Log;
use super::standing::{Standing, Stored};
use crate::policy::devices::Overflow;
use crate::{Device, Event, EventKind, Key, Moment, PublicId, Reason, Record, SessionError};

/// A sign-in under a cap on its owner's sessions.
///
/// It lists the owner's sessions before the new one is inserted and again after that, and leaves the old session only
/// when nothing is left that can fail. Of the logins that are answered, the one whose second list came last has seen all
/// others, so there are never more than the cap. Who yields is decided by the rank, the moment of creation and the
/// handle, which never change; the moment of the last use only chooses whom an admitted one ends.
#[derive(Default)]
pub(crate) struct Cap {
    /// The sign-in of the owner's newest session when the first list was made; the new one ranks above it.
    newest: Option<Moment>,
    /// The next one last.
    victims: Vec<Key>,
    /// As many rank above the new session as there may be: it gives way.
    yields: bool,
    /// The new session is withdrawn, and with it goes the sign-in.
    gives_up: bool,
    is_full: bool,
    rounds: u32,
}

/// A question for a list of an owner's sessions.
pub(crate) struct Listing {
    pub(crate) owner: Arc<str>,
    /// The moment at which they live.
    pub(crate) at: Moment,
    pub(crate) limit: usize,
}

/// The most sessions that one list ends, and the most lists of one login: more than a login's share of a list that was
/// never capped, and less than what holds a request up.
const PAGE: usize = 64;
const ROUNDS: u32 = 16;

impl Commit {
    /// Returns the list that a sign-in under a cap begins with, unless it has it.
    pub(crate) fn asks_first(&self, now: Moment) -> Option<Listing> {
        let cap = self.policy().max_devices.filter(|_| self.cap.is_none())?;
        let owner = Arc::clone(self.changes.signed_in()?);
        Some(Listing {
            owner,
            at: self.counts_at(cap.overflow, now),
            limit: match cap.overflow {
                Overflow::EndOldest => 1,
                Overflow::Refuse => cap.limit.saturating_add(1),
            },
        })
    }

    /// Returns the moment at which sessions that count are alive.
    fn counts_at(&self, overflow: Overflow, now: Moment) -> Moment {
        match overflow {
            // Sessions that live by the clocks of other nodes count too.
            Overflow::EndOldest => now.saturating_sub(self.policy().clock_skew),
            Overflow::Refuse => now,
        }
    }

    /// Returns the moment of creation that the new session gets: later than those of all that were listed, so that it
    /// ranks above them whatever their clocks, but never further ahead than clocks may be.
    pub(crate) fn rank(&self, now: Moment) -> Moment {
        let newest = self.cap.as_ref().and_then(|cap| cap.newest);
        let Some(newest) = newest else {
            return now;
        };
        let above = newest.saturating_add(Duration::MICROSECOND);
        let furthest = now.saturating_add(self.policy().clock_skew);
        above.max(now).min(furthest)
    }

    /// Returns the command that inserts the new session. A login that may be refused is on trial first, so that one
    /// that gets lost on the way does not keep the owner's place.
    pub(crate) fn inserts(&self, attempt: Attempt, now: Moment) -> Ask {
        let refuses = self.policy().max_devices.map(|cap| cap.overflow) == Some(Overflow::Refuse);
        if !refuses || self.cap.is_none() {
            return Ask::Insert(attempt);
        }
        let record = &attempt.stored.record;
        // Longer than clocks differ, or a node that is ahead would not count it.
        let trial = now.saturating_add(self.policy().clock_skew * 2);
        let trial = Box::new(Record {
            expires: record.expires.min(trial.max(now + MINUTE)),
            ..record.clone()
        });
        Ask::Try { attempt, trial }
    }

    /// The new session is inserted: lists again, if there is a cap.
    pub(crate) fn crowded(&mut self, attempt: Attempt, now: Moment) -> Decided {
        if self.cap.is_none() {
            return self.created(attempt, now);
        }
        self.entered = Some(attempt);
        self.list_again(now)
    }

    fn list_again(&mut self, now: Moment) -> Decided {
        let (Some(cap), Some(owner)) = (self.policy().max_devices, self.changes.signed_in()) else {
            return self.admitted(now);
        };
        Ok(Decision::List(Listing {
            owner: Arc::clone(owner),
            at: self.counts_at(cap.overflow, now),
            limit: cap.limit.saturating_add(1 + PAGE),
        }))
    }

    /// Takes a list of the owner's sessions.
    pub(crate) fn listed(
        &mut self,
        listing: &Listing,
        mut found: Vec<Device>,
        now: Moment,
    ) -> Decided {
        let Some(cap) = self.policy().max_devices else {
            return self.admitted(now);
        };
        let newest = found.first().map(|device| Moment::from(device.created));
        let is_full = found.len() >= listing.limit;
        if let Some(left) = self.left() {
            found.retain(|device| device.public_id != left);
        }
        let Some(entered) = &self.entered else {
            if cap.overflow == Overflow::Refuse && found.len() >= cap.limit {
                let refused = self.too_many(cap.limit, now);
                self.drop_sign_in();
                return Err(refused);
            }
            self.cap = Some(Box::new(Cap {
                newest,
                ..Cap::default()
            }));
            return self.advance(now);
        };
        let own = entered.stored.key.public_id();
        let Some(mine) = found.iter().find(|device| device.public_id == own) else {
            // Another login or a revocation has ended it.
            return self.yields(SessionError::Gone);
        };
        let excess = found.len().saturating_sub(cap.limit);
        if excess == 0 {
            return match cap.overflow {
                Overflow::EndOldest => self.admitted(now),
                Overflow::Refuse => Ok(Decision::Write(Ask::Admit(Arc::clone(&entered.stored)))),
            };
        }
        if cap.overflow == Overflow::Refuse {
            let refused = self.too_many(cap.limit, now);
            return self.yields(refused);
        }
        let ahead = now.saturating_add(self.policy().clock_skew);
        let rank = |device: &Device| (device.created, device.public_id);
        let is_older =
            |device: &&Device| rank(device) < rank(mine) || Moment::from(device.created) > ahead;
        let mut older: Vec<_> = found.iter().filter(is_older).collect();
        older.retain(|device| device.public_id != own);
        older.sort_unstable_by_key(|device| (device.seen, rank(device)));
        // If the store fails midway, the ones in use are left.
        let victims = older.iter().take(excess).rev();
        let victims = victims.filter_map(|device| Key::from_bytes(device.public_id.as_bytes()));
        let (victims, yields) = (victims.collect(), older.len() < excess);
        if let Some(cap) = &mut self.cap {
            cap.victims = victims;
            cap.yields = yields;
            cap.is_full = is_full;
        }
        self.end_next(now)
    }

    /// Tells that a login is refused.
    fn too_many(&self, limit: usize, now: Moment) -> SessionError {
        let refused = SessionError::TooManyDevices { limit };
        let owner = self.changes.signed_in().map(|owner| &**owner);
        let event = Event::new(EventKind::Capped, now).owned_by(owner);
        self.policy().tell(event.because(Reason::Error(&refused)));
        refused
    }

    /// Ends the next session that has to go, or goes on.
    fn end_next(&mut self, now: Moment) -> Decided {
        let Some(cap) = &mut self.cap else {
            return self.admitted(now);
        };
        if let Some(key) = cap.victims.pop() {
            return Ok(Decision::Write(Ask::EndOldest(key)));
        }
        if cap.yields {
            return self.yields(SessionError::Gone);
        }
        if cap.is_full && cap.rounds < ROUNDS {
            cap.rounds += 1;
            return self.list_again(now);
        }
        self.admitted(now)
    }

    /// Takes the store's answer to a command of these.
    pub(crate) fn cap_answered(&mut self, ask: &Ask, is_applied: bool, now: Moment) -> Decided {
        match (ask, is_applied) {
            (Ask::EndOldest(key), _) => {
                let event = Event::new(EventKind::Capped, now).of(key.public_id());
                let owner = self.changes.signed_in().map(|owner| &**owner);
                self.policy().tell(event.owned_by(owner));
                self.end_next(now)
            }
            // It was ended while it was on trial.
            (Ask::Admit(_), false) => self.yields(SessionError::Gone),
            _ => self.admitted(now),
        }
    }

    /// The new session stays: what is left is to leave the old one.
    fn admitted(&mut self, now: Moment) -> Decided {
        match self.entered.take() {
            Some(attempt) => self.created(attempt, now),
            None => Ok(self.done(now)),
        }
    }

    /// Withdraws the new session. The old one is as it was, and so is the browser's cookie. If that fails, it is an outage as any
    /// other: the sign-in stays, and saving again tries it once more.
    fn yields(&mut self, failure: SessionError) -> Decided {
        match &mut self.cap {
            Some(cap) => cap.gives_up = true,
            None => self.drop_sign_in(),
        }
        self.withdraw(failure)
    }

    /// The new session is withdrawn: forgets the sign-in, if it was the cap's decision.
    pub(crate) fn given_up(&self) {
        if self.cap.as_ref().is_some_and(|cap| cap.gives_up) {
            self.drop_sign_in();
        }
    }

    /// Forgets the sign-in and what goes with it, so that the response does not try again.
    fn drop_sign_in(&self) {
        if !self.is_discarded() {
            let mut state = self.shared.state();
            state.changes = Log::default();
            state.version += 1;
        }
    }

    /// Returns the owner's session that this sign-in leaves, whose place is free.
    fn left(&self) -> Option<PublicId> {
        let is_left = |old: &&Arc<Stored>| {
            let is_open = old.standing != Standing::Closed;
            is_open && old.record.owner.as_ref() == self.changes.signed_in()
        };
        let old = self.base.as_ref().filter(is_left)?;
        Some(old.key.public_id())
    }
}

/// The shortest trial, for a policy without clock skew.
const MINUTE: Duration = Duration::MINUTE;
