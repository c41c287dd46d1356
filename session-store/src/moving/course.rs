//! How a session gets from one store to the other, whoever else does the same and wherever one of them ends.
//!
//! 1. A placeholder takes its place in `new`, so that no late step puts back what was ended there meanwhile.
//! 2. The session is read from `old` once more: who extends its life there looks for a placeholder afterwards.
//! 3. A marker replaces it in `old`: nothing is written there any more.
//! 4. It replaces its placeholder in `new`, with the revision that it had.
//! 5. The marker is removed, by its own revision.
//!
//! A session ends in `old` first and in `new` second. No revision of a marker or a placeholder leaves this module.

use session_core::time::Duration;
use session_core::{Command, Key, Moment, Only, Outcome, Record, Revision, StoreError};

use super::form::{Claimed, is_placeholder, over, placeholder};
use super::{Moving, draw};

/// Where a session is, or has been put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In `new`, by this call.
    Moved,
    New,
    /// In `old`: it is over or closed, and stays there.
    Old,
    Nowhere,
}

/// What `new` has of a session.
#[derive(Debug)]
pub(crate) enum InNew {
    Nothing,
    Placeholder(Record),
    Session(Record),
}

/// What `old` has of it.
#[derive(Debug)]
pub(super) enum InOld {
    Nothing,
    Session(Record),
    Claimed(Claimed),
}

/// Each one is lost to another write of this session.
const ROUNDS: usize = 100;

/// How much longer than its session a placeholder stays; no step takes that long, and no two clocks are so far apart.
const SPARE: Duration = Duration::days(2);

impl Moving {
    pub(crate) async fn in_new(&self, key: &Key, now: Moment) -> Result<InNew, StoreError> {
        let found = self.new.load(key, &self.stranger, now).await?;
        Ok(match found {
            None => InNew::Nothing,
            Some(record) if is_placeholder(&record) => InNew::Placeholder(record),
            Some(record) => InNew::Session(record),
        })
    }

    pub(super) async fn in_old(&self, key: &Key, now: Moment) -> Result<InOld, StoreError> {
        let found = self.old.load(key, &self.stranger, now).await?;
        Ok(match found {
            None => InOld::Nothing,
            Some(record) => match Claimed::read(&record) {
                Some(claimed) => InOld::Claimed(claimed),
                None => InOld::Session(record),
            },
        })
    }

    /// Moves a session to `new`, if it is one that is alive in `old`.
    pub(crate) async fn carry(&self, key: &Key, now: Moment) -> Result<Place, StoreError> {
        for _ in 0..ROUNDS {
            if let Some(place) = self.try_to_carry(key, now).await? {
                return Ok(place);
            }
        }
        Err(StoreError::new(
            "a session is written so often that it can't be moved",
        ))
    }

    /// Returns `None` if somebody else was faster.
    async fn try_to_carry(&self, key: &Key, now: Moment) -> Result<Option<Place>, StoreError> {
        let held = match self.in_new(key, now).await? {
            InNew::Session(_) => return Ok(Some(Place::New)),
            InNew::Placeholder(held) => Some(held),
            InNew::Nothing => None,
        };
        match (self.in_old(key, now).await?, held) {
            (InOld::Claimed(claimed), _) => self.finish(key, &claimed, now).await.map(Some),
            (InOld::Session(session), held) if is_alive(&session, now) => {
                self.claim(key, held, &session, now).await
            }
            (found, held) => {
                let is_over = matches!(&found, InOld::Session(session) if !session.closed);
                // By another clock it may still be alive, and about to be claimed.
                if let Some(held) = held.filter(|_| !is_over) {
                    self.drop_placeholder(key, &held, now).await?;
                }
                if let InOld::Session(_) = found {
                    return Ok(Some(Place::Old));
                }
                // It may have been moved between both looks.
                let found = self.in_new(key, now).await?;
                let is_there = matches!(found, InNew::Session(_));
                Ok(Some(if is_there { Place::New } else { Place::Nowhere }))
            }
        }
    }

    async fn claim(
        &self,
        key: &Key,
        held: Option<Record>,
        seen: &Record,
        now: Moment,
    ) -> Result<Option<Place>, StoreError> {
        let Some(held) = self.hold(key, held, seen, now).await? else {
            return Ok(None);
        };
        let session = match self.in_old(key, now).await? {
            InOld::Claimed(claimed) => return self.finish(key, &claimed, now).await.map(Some),
            InOld::Session(session) if is_alive(&session, now) => session,
            InOld::Session(session) if !session.closed => return Ok(Some(Place::Old)),
            _ => {
                self.drop_placeholder(key, &held, now).await?;
                return Ok(None);
            }
        };
        // A revocation has to find the placeholder too.
        if (&held.owner, &held.tag) != (&session.owner, &session.tag) {
            let record = &placeholder(&session, held.revision, self.nobody, held.expires);
            if !self
                .replaces_in_new(key, held.revision, record, now)
                .await?
            {
                return Ok(None);
            }
        }
        let claimed = Claimed {
            revision: draw()?,
            link: held.revision,
            record: session,
        };
        let claim = Command::Replace {
            key,
            expected: claimed.record.revision,
            record: &claimed.marker(),
        };
        if self.old.write(claim, now).await? == Outcome::Refused {
            return Ok(None);
        }
        self.finish(key, &claimed, now).await.map(Some)
    }

    /// Puts a placeholder, or sees to it that the one that is there outlives the session.
    async fn hold(
        &self,
        key: &Key,
        held: Option<Record>,
        seen: &Record,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let expires = seen.expires.max(now) + SPARE;
        let (command, record);
        let held = if let Some(held) = held {
            command = Command::Touch {
                key,
                expected: held.revision,
                seen: held.seen,
                expires,
            };
            held
        } else {
            record = placeholder(seen, draw()?, self.nobody, expires);
            command = Command::Insert {
                key,
                record: &record,
            };
            record.clone()
        };
        if self.new.write(command, now).await? == Outcome::Applied {
            return Ok(Some(held));
        }
        // What is over may still take the place.
        let only = Only::Over(now);
        self.new.write(Command::Delete { key, only }, now).await?;
        Ok(None)
    }

    /// Puts a claimed session into `new`, and removes its marker.
    pub(super) async fn finish(
        &self,
        key: &Key,
        claimed: &Claimed,
        now: Moment,
    ) -> Result<Place, StoreError> {
        let session = &claimed.record;
        // A replacement by it would remove the placeholder, and another clock may be right.
        if session.expires <= now {
            return Ok(Place::Old);
        }
        let found;
        let session = match &self.once {
            None => session,
            Some(id) => match self.decide(id, claimed, now).await? {
                Ok(claimed) => {
                    found = claimed.record;
                    &found
                }
                Err(place) => return Ok(place),
            },
        };
        let is_moved = self
            .replaces_in_new(key, claimed.link, session, now)
            .await?;
        // If there is no such placeholder, somebody has finished it or ended it.
        let remove = Command::Replace {
            key,
            expected: claimed.revision,
            record: &over(session.clone(), now),
        };
        self.old.write(remove, now).await?;
        if is_moved {
            return Ok(Place::Moved);
        }
        Ok(match self.in_new(key, now).await? {
            InNew::Session(_) => Place::New,
            InNew::Nothing => Place::Nowhere,
            // One that came too late.
            InNew::Placeholder(held) => {
                self.drop_placeholder(key, &held, now).await?;
                Place::Nowhere
            }
        })
    }

    /// Removes a placeholder that stands for nothing; says whether it was there.
    pub(super) async fn drop_placeholder(
        &self,
        key: &Key,
        held: &Record,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let record = over(held.clone(), now);
        self.replaces_in_new(key, held.revision, &record, now).await
    }

    pub(super) async fn replaces_in_new(
        &self,
        key: &Key,
        expected: Revision,
        record: &Record,
        now: Moment,
    ) -> Result<bool, StoreError> {
        let replace = Command::Replace {
            key,
            expected,
            record,
        };
        let outcome = self.new.write(replace, now).await?;
        Ok(outcome == Outcome::Applied)
    }
}

fn is_alive(session: &Record, now: Moment) -> bool {
    !session.closed && session.expires > now
}
