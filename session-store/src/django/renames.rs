use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::{Moment, Only, Outcome, StoreError};

use super::site::Site;
use super::table::Change;

/// The sessions that this process has given a new key a short while ago, and that go on under it.
///
/// A logout that was sent before, or has loaded the session under the old key, finds no row; by this
/// it ends the session nevertheless. Nothing else goes by an old key.
#[derive(Debug, Default)]
pub(super) struct Renames(Mutex<VecDeque<Rename>>);

#[derive(Debug)]
struct Rename {
    from: Box<str>,
    to: Box<str>,
    at: Moment,
}

impl Renames {
    /// Notes a rename that is about to be made. One that then fails does no harm: nobody has its key.
    pub(super) fn note(&self, from: &str, to: &str, now: Moment) {
        let mut renames = self.lock();
        let is_past = |first: &Rename| now - first.at > KEPT;
        while renames.len() >= MOST || renames.front().is_some_and(is_past) {
            renames.pop_front();
        }
        renames.push_back(Rename {
            from: from.into(),
            to: to.into(),
            at: now,
        });
    }

    /// Returns the keys that a session may have instead of one.
    pub(super) fn of(&self, key: &str, now: Moment) -> Vec<Box<str>> {
        let renames = self.lock();
        let known = renames
            .iter()
            .filter(|it| *it.from == *key && now - it.at <= KEPT);
        known.map(|it| it.to.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Rename>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    /// Removes a session, also if it has got a new key meanwhile.
    pub(super) async fn delete(
        &self,
        key: &str,
        only: Only<'_>,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        if let Only::Over(end) = only {
            let moment = &*self.table.form().column(end);
            self.table
                .change(Change::DeleteOver { key, moment })
                .await?;
            return Ok(Outcome::Applied);
        }
        // The key is all of the id, so whoever presents it may end the session: also one that we can't
        // read.
        if !self.table.change(Change::Delete { key }).await?.is_done {
            self.delete_renamed(key, now).await?;
        }
        Ok(Outcome::Applied)
    }

    /// Removes a session whose row had been renamed before the removal by the old key. Each rename was
    /// noted before it was made, so it is under one of the keys, or on its way to a further one.
    async fn delete_renamed(&self, key: &str, now: Moment) -> Result<(), StoreError> {
        let mut keys = self.renames.of(key, now);
        // A rename is noted once for each attempt at it.
        let mut tried = BTreeSet::new();
        while let Some(key) = keys.pop() {
            if !tried.insert(key.clone()) {
                continue;
            }
            #[cfg(feature = "redis")]
            let changing = self.cache.as_ref().map(|cache| cache.changing(&[&key]));
            let removed = self.table.change(Change::Delete { key: &key }).await;
            #[cfg(feature = "redis")]
            if let Some(changing) = changing {
                changing.made().await;
            }
            if !removed?.is_done {
                keys.extend(self.renames.of(&key, now));
            }
        }
        Ok(())
    }
}

/// How long a request may be under way, as everywhere.
const KEPT: Duration = Duration::from_mins(5);

/// At most half a megabyte; a process that renames more often keeps them for less long.
const MOST: usize = 4096;
