//! The suite asks of a store what the port's docs say, and no more: what they leave to it is its own.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Only, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use session_testkit::store_cases;

/// What a store makes of records that are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    /// They stay until they are swept, and their keys are taken.
    Kept,
    /// Each call but a sweep frees them, as a server does that has a clock of its own.
    Freed,
    /// A load, a list and an insert find none, though they are there.
    Hidden,
    /// Not allowed: a delete removes nothing that a load would not serve.
    SparedByDeletes,
    /// Not allowed: a revocation ends nothing that a list would not show.
    SparedByRevocations,
}

/// A store that was written from the docs of [`Command`], [`Only`] and [`Store`] alone.
#[derive(Debug)]
struct Literal {
    over: Over,
    records: Mutex<BTreeMap<Key, Record>>,
}

impl Literal {
    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Record>> {
        self.records.lock().expect("no call panics")
    }

    /// Returns the records, as a call at `now` finds them.
    fn records(&self, now: Moment) -> std::sync::MutexGuard<'_, BTreeMap<Key, Record>> {
        let mut records = self.all();
        if self.over == Over::Freed {
            records.retain(|_, record| record.expires > now);
        }
        records
    }
}

#[async_trait]
impl Store for Literal {
    async fn load(&self, key: &Key, _: &Digest, now: Moment) -> Result<Option<Record>, StoreError> {
        let found = self.records(now).get(key).cloned();
        Ok(found.filter(|record| self.over != Over::Hidden || record.expires > now))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let mut records = self.records(now);
        let present = records.get(command.key());
        let lives = |record: &Record| record.expires > now;
        match command {
            Command::Move { .. } => return Err(StoreError::keys_stay()),
            Command::Insert { key, record } => {
                let is_free = self.over == Over::Hidden && !present.is_some_and(lives);
                if present.is_some() && !is_free {
                    return Ok(Outcome::Refused);
                }
                records.insert(*key, record.clone());
            }
            Command::Replace {
                key,
                expected,
                record,
            } => {
                if !present.is_some_and(|it| lives(it) && it.revision == expected) {
                    return Ok(Outcome::Refused);
                }
                if lives(record) {
                    records.insert(*key, record.clone());
                } else {
                    records.remove(key);
                }
            }
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                let found = records.get_mut(key);
                let Some(found) = found.filter(|it| lives(it) && it.revision == expected) else {
                    return Ok(Outcome::Refused);
                };
                found.seen = found.seen.max(seen);
                found.expires = found.expires.max(expires);
            }
            Command::Delete { key, only } => {
                let holds = present.is_some_and(|record| match only {
                    Only::Always => true,
                    Only::Opened(digest) => record.secrets.include(digest),
                    Only::Over(moment) => record.expires <= moment,
                });
                let is_spared = self.over == Over::SparedByDeletes && !present.is_some_and(lives);
                if holds && !is_spared {
                    records.remove(key);
                }
            }
        }
        Ok(Outcome::Applied)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let mut records = self.all();
        let over = records.iter().filter(|(_, record)| record.expires <= now);
        let over: Vec<Key> = over.map(|(key, _)| *key).take(limit).collect();
        for key in &over {
            records.remove(key);
        }
        Ok(over.len())
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let records = self.records(now);
        let listed = records.iter().filter(|(_, it)| is_listed(it, owner, now));
        let mut listed: Vec<_> = listed.map(|(key, it)| it.device(key)).collect();
        listed.sort_by_key(|device| (device.created, device.public_id));
        let newest = listed.into_iter().rev();
        let page = newest.skip_while(|it| from.is_some_and(|from| it.public_id != *from));
        Ok(page.take(limit).collect())
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let mut records = self.records(now);
        let mut ended = 0;
        records.retain(|key, record| {
            let is_spared = self.over == Over::SparedByRevocations && record.expires <= now;
            let ends = whose.includes(key, record) && !is_spared;
            ended += usize::from(ends && record.expires > now && !record.closed);
            !ends
        });
        Ok(ended)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn is_listed(record: &Record, owner: &str, now: Moment) -> bool {
    record.owner.as_deref() == Some(owner) && record.expires > now && !record.closed
}

/// Returns the cases that such a store fails.
fn failed(over: Over) -> Vec<&'static str> {
    let fails = |case: &&session_testkit::StoreCase| {
        let store = Literal {
            over,
            records: Mutex::default(),
        };
        let run = || pollster::block_on(case.run(Arc::new(store)));
        catch_unwind(AssertUnwindSafe(run)).is_err()
    };
    let cases = store_cases().iter().filter(fails);
    cases.map(session_testkit::StoreCase::name).collect()
}

#[test]
fn a_store_that_does_what_the_docs_say_passes_whatever_it_makes_of_what_is_over() {
    for over in [Over::Kept, Over::Freed, Over::Hidden] {
        assert_eq!(failed(over), [""; 0], "{over:?}");
    }
}

#[test]
fn an_end_that_spares_what_is_over_is_found() {
    for (over, case) in [
        (
            Over::SparedByDeletes,
            "a_deleted_record_is_gone_whatever_the_clock_says",
        ),
        (
            Over::SparedByDeletes,
            "a_delete_by_any_of_its_secrets_removes",
        ),
        (
            Over::SparedByRevocations,
            "a_revocation_removes_expired_sessions_and_does_not_count_them",
        ),
    ] {
        assert!(failed(over).contains(&case), "{over:?}: {case}");
    }
}
