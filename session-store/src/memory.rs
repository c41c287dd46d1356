mod shard;
mod shards;
mod slot;

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, MutexGuard};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Outcome, PublicId, Record, Revoke, Store, StoreError, to_micros,
};
use time::OffsetDateTime;

use self::shard::Shard;
use self::shards::Shards;
use self::slot::Slot;

/// A store in the memory of this process.
///
/// Clones are the same store. It never fails, and waits only for its own locks, each held for a
/// moment. [`sweep`](Store::sweep) frees the memory of expired sessions: start a `Sweeper`, or call
/// it now and then. A session with 200 bytes of data takes about 415 bytes in all. Freed memory
/// goes back to the allocator, which may keep it for later.
///
/// ```
/// use session_core::{Policy, Sessions};
/// use session_store::MemoryStore;
///
/// let store = MemoryStore::new();
/// let sessions = Sessions::new(Policy::default(), store.clone());
/// assert!(store.is_empty());
/// # drop(sessions);
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Shards>);

impl MemoryStore {
    /// Creates an empty store, which takes almost no memory.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shards::new()))
    }

    /// Returns how many sessions occupy memory, including expired ones that await a sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.each().map(|shard| shard.slots.len()).sum()
    }

    /// Says whether no session occupies memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("sessions", &self.len())
            .finish()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(
        &self,
        key: &Key,
        _secret: &Digest,
        _now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        Ok(self.0.of(key).slots.get(key).map(Slot::record))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        Ok(self.0.of(command.key()).write(command, to_micros(now)))
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        Ok(self.0.sweep(to_micros(now), limit))
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let (owner, now) = (owner.into(), to_micros(now));
        let mut devices = Vec::new();
        for shard in self.0.each() {
            let listed = shard.owned_by(&owner).filter(|slot| slot.is_listed(now));
            devices.extend(listed.map(Slot::device));
        }
        devices.sort_unstable_by_key(|device| Reverse((device.created, device.public_id)));
        if let Some(from) = from {
            let first = devices.iter().position(|device| device.public_id == *from);
            devices.drain(..first.unwrap_or(devices.len()));
        }
        devices.truncate(limit);
        Ok(devices)
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let (owner, now) = (owner.into(), to_micros(now));
        let revoked = |mut shard: MutexGuard<'_, Shard>| shard.revoke(&owner, which, now);
        Ok(self.0.each().map(revoked).sum())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::{changed, key_of, moment_at, record_of};

    use super::*;

    fn counts(store: &MemoryStore) -> (usize, usize) {
        (
            store.len(),
            store.0.each().map(|shard| shard.owners.len()).sum(),
        )
    }

    #[tokio::test]
    async fn an_emptied_store_owns_no_table_and_no_index() {
        let store = MemoryStore::new();
        let record = changed!(
            record_of(1),
            owner = Some("ada".into()),
            expires = moment_at(60)
        );
        for number in 0..10_000 {
            let key = key_of(number);
            let insert = Command::Insert {
                key: &key,
                record: &record,
            };
            store.write(insert, moment_at(0)).await.unwrap();
        }
        assert_eq!(counts(&store), (10_000, 10_000));
        let mut rounds = 0;
        while store.sweep(moment_at(60), 1_000).await.unwrap() > 0 {
            rounds += 1;
        }
        assert_eq!((rounds, counts(&store)), (10, (0, 0)));
        // The last sweep found nothing, so it has seen every shard.
        assert!(store.0.each().all(|shard| shard.slots.capacity() == 0));
        assert!(store.0.each().all(|shard| shard.earliest.is_none()));
    }
}
