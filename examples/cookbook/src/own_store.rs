//! Your own store: the six methods and `walk`, here on a map behind a lock.
//!
//! A store applies a command or refuses it, in one step; it decides nothing. `session_testkit::store_suite` proves it, and this one. It serves any framework.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Effect, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, Whose,
};

/// The sessions of one process. In a database, `write` is one statement whose condition is in its `WHERE`, or a transaction.
#[derive(Debug, Default)]
pub struct OwnStore(Mutex<BTreeMap<Key, Record>>);

impl OwnStore {
    fn map(&self) -> MutexGuard<'_, BTreeMap<Key, Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_listed(record: &Record, now: Moment) -> bool {
    record.expires > now && !record.closed
}

#[async_trait]
impl Store for OwnStore {
    async fn load(&self, key: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        Ok(self.map().get(key).cloned()) // the core looks at secrets and ends
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let (mut map, key) = (self.map(), *command.key());
        match command.effect(map.get(&key), now)? {
            Effect::Keep(record) => drop(map.insert(key, record)),
            Effect::Remove => drop(map.remove(&key)),
            Effect::Nothing => {}
            Effect::Refused => return Ok(Outcome::Refused),
        }
        Ok(Outcome::Applied)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let mut map = self.map();
        let over = map.iter().filter(|(_, record)| record.expires <= now);
        let over: Vec<Key> = over.map(|(key, _)| *key).take(limit).collect();
        Ok(over.iter().filter_map(|key| map.remove(key)).count())
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let map = self.map();
        let listed = map.iter().filter(|(_, it)| is_listed(it, now));
        let own = listed.filter(|(_, it)| it.owner.as_deref() == Some(owner));
        let mut all: Vec<Device> = own.map(|(key, record)| record.device(key)).collect();
        all.sort_by_key(|device| Reverse((device.created, device.public_id)));
        let is_before = |it: &Device| from.is_some_and(|from| it.public_id != *from);
        let page = all.into_iter().skip_while(is_before);
        Ok(page.take(limit).collect())
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let mut ended = 0;
        self.map().retain(|key, record| {
            let ends = whose.includes(key, record);
            ended += usize::from(ends && is_listed(record, now));
            !ends
        });
        Ok(ended)
    }

    /// For tools that list, count, end or move all sessions.
    async fn walk(&self, from: &Cursor, limit: usize, _: Moment) -> Result<Batch, StoreError> {
        let map = self.map();
        let rest = map.iter().map(|(key, record)| (*key, record.clone()));
        let rest = rest.skip_while(|(key, _)| key.as_bytes() <= from.as_bytes());
        let mut batch = Batch::default();
        batch.sessions = rest.take(limit.max(1)).collect();
        let last = batch.sessions.last(); // behind the last one is a batch without any, the end
        batch.next = last.map(|(key, _)| Cursor::from_bytes(key.as_bytes()));
        Ok(batch)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
