mod index;
mod shard;
mod shards;
mod slot;
mod slots;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, Whose, to_micros,
};

use self::shard::Shard;
use self::shards::Shards;
use self::slot::Slot;
use crate::device_page::device_page;

/// A store in the memory of this process.
///
/// Clones are the same store. It waits only for its own locks, each held for a moment. A session with
/// 200 bytes of data takes about 400 bytes in all.
///
/// Expired sessions are freed as new ones begin, or by [`sweep`](Store::sweep). Freed memory goes back to
/// the allocator, which may keep it for later.
///
/// The memory has a limit, by default 1 GiB. When it is reached, sessions that are over go at once,
/// then those of nobody, roughly in the order of their last use. Sessions of owners stay: otherwise a
/// flood of visitors without cookies would sign everybody out. If only those are left, a new session is
/// an error.
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
        Self::with_limit(1 << 30)
    }

    /// Creates an empty store whose sessions take at most so many bytes, about.
    ///
    /// ```
    /// use session_store::MemoryStore;
    ///
    /// let store = MemoryStore::with_limit(100 << 20); // 100 MiB
    /// assert!(store.is_empty());
    /// ```
    #[must_use]
    pub fn with_limit(bytes: usize) -> Self {
        Self(Arc::new(Shards::new(bytes)))
    }

    /// Returns how many sessions occupy memory, including expired ones that await a sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.each(|shard| shard.slots.len()).sum()
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
        _now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        Ok(self.0.load(key))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.0.write(command, to_micros(now))
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        Ok(self.0.sweep(to_micros(now), limit))
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let (owner, now) = (owner.into(), to_micros(now));
        let listed = |shard: &mut Shard| {
            let listed = shard.owned_by(&owner).filter(|slot| slot.is_listed(now));
            listed.map(Slot::device).collect::<Vec<_>>()
        };
        let devices = self.0.each(listed).flatten().collect();
        Ok(device_page(devices, from, limit))
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let now = to_micros(now);
        Ok(match whose {
            Whose::Owner(owner, which) => {
                let owner = owner.into();
                let revoked = self.0.each(|shard| shard.revoke(&owner, which, now));
                revoked.sum()
            }
            Whose::Tag(tag) => {
                let tag = tag.into();
                self.0.each(|shard| shard.revoke_tagged(&tag, now)).sum()
            }
            Whose::Everybody => self.0.each(|shard| shard.revoke_everybody(now)).sum(),
        })
    }

    async fn walk(&self, from: &Cursor, limit: usize, _: Moment) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        let from = from.as_bytes().first().copied().unwrap_or_default();
        for number in from..=u8::MAX {
            if batch.sessions.len() >= limit.max(1) {
                batch.next = Some(Cursor::from_bytes(&[number]));
                break;
            }
            let Some(sessions) = self.0.of_shard(number.into()) else {
                break;
            };
            batch.sessions.extend(sessions);
        }
        Ok(batch)
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        Ok(Some(self.len() as u64))
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let mut facts = StoreFacts::of("the process's memory");
        facts.outlives_process = Some(false);
        // What is over makes room for what begins.
        facts.sweeps = Some(true);
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use session_testkit::{changed, key_of, moment_at, record_of};

    use super::*;

    fn counts(store: &MemoryStore) -> (usize, usize) {
        (
            store.len(),
            store.0.each(|shard| shard.index.owners.len()).sum(),
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
        let walk = store.walk(&Cursor::default(), 10_000, moment_at(0)).await;
        assert_eq!(walk.unwrap().sessions.len(), 10_000);
        let mut rounds = 0;
        while store.sweep(moment_at(60), 1_000).await.unwrap() > 0 {
            rounds += 1;
        }
        assert_eq!((rounds, counts(&store)), (10, (0, 0)));
        // The last sweep found nothing, so it has seen every shard.
        let is_empty = |shard: &mut Shard| {
            shard.slots.capacity() == 0 && shard.earliest.is_none() && shard.bytes == 0
        };
        assert!(store.0.each(is_empty).all(|is_empty| is_empty));
    }
}
