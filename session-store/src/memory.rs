use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Command, Device, Expiry, Key, Outcome, PublicId, Record, Revision, Revoke, Store, StoreError,
    from_micros, to_micros,
};
use time::OffsetDateTime;

/// Keeps sessions in this process; they end with it.
///
/// Clones are the same store. It fails never and waits for nothing but its own locks, which are
/// held for a moment each. What has expired is absent at once, and its memory is freed by
/// [`sweep`](Store::sweep): start a `Sweeper`, or call `sweep` now and then.
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
    /// Creates an empty store, which owns almost no memory.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shards {
            all: std::array::from_fn(|_| Mutex::default()),
            sweep_next: AtomicUsize::new(0),
        }))
    }

    /// Returns how many sessions occupy memory, those included that have expired and await a sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        let count = |shard| Shards::lock(shard).live.len();
        self.0.all.iter().map(count).sum()
    }

    /// Says whether nothing occupies memory.
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
        write!(f, "MemoryStore({} sessions)", self.len())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Record>, StoreError> {
        let key = Digest::of(key);
        Ok(self.0.of(key).live(key, to_micros(now)).map(Slot::record))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let now = to_micros(now);
        let applied = match command {
            Command::Insert { key, record } => {
                self.0
                    .of(Digest::of(key))
                    .insert(Digest::of(key), record, now)
            }
            Command::Replace {
                key,
                expected,
                with,
                record,
            } => self
                .0
                .replace(Digest::of(key), expected, Digest::of(with), record, now),
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => {
                let key = Digest::of(key);
                let mut shard = self.0.of(key);
                shard.touch(key, expected, to_micros(seen), to_micros(expires), now)
            }
            Command::Delete { key } => {
                self.0.of(Digest::of(key)).take(Digest::of(key));
                true
            }
        };
        Ok(if applied {
            Outcome::Applied
        } else {
            Outcome::Refused
        })
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        Ok(self.0.sweep(to_micros(now), limit))
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let now = to_micros(now);
        let mut devices = Vec::new();
        for shard in &self.0.lock_all() {
            for key in shard.owned_by(owner) {
                devices.extend(shard.live(key, now).map(|slot| slot.record().device()));
            }
        }
        devices.sort_by_key(|device| Reverse(device.seen));
        Ok(devices)
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let now = to_micros(now);
        let mut revoked = 0;
        for shard in &mut self.0.lock_all() {
            for key in shard.owned_by(owner) {
                let chosen = shard.live(key, now).is_some_and(|slot| match which {
                    Revoke::All => true,
                    Revoke::AllBut(kept) => slot.entry.public_id != *kept,
                    Revoke::One(ended) => slot.entry.public_id == *ended,
                });
                if chosen {
                    shard.take(key);
                    revoked += 1;
                }
            }
        }
        Ok(revoked)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Two locks of this many are enough for any command but those on an owner's sessions.
const SHARDS: usize = 64;

struct Shards {
    all: [Mutex<Shard>; SHARDS],
    /// Where the next sweep begins, so that a small limit still reaches every shard.
    sweep_next: AtomicUsize,
}

impl Shards {
    fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, key: Digest) -> MutexGuard<'_, Shard> {
        Self::lock(&self.all[key.shard()])
    }

    /// Locks everything, in index order as all who lock more than one shard do: a session that
    /// moves to another shard meanwhile would be missed or counted twice.
    fn lock_all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.all.iter().map(Self::lock).collect()
    }

    fn replace(
        &self,
        key: Digest,
        expected: Revision,
        with: Digest,
        record: &Record,
        now: i64,
    ) -> bool {
        let (from, to) = (key.shard(), with.shard());
        if from == to {
            let mut shard = self.of(key);
            let free = key == with || shard.live(with, now).is_none();
            let applies = free && shard.expected(key, expected, now);
            if applies {
                shard.take(key);
                shard.put(with, record);
            }
            return applies;
        }
        let first = Self::lock(&self.all[from.min(to)]);
        let second = Self::lock(&self.all[from.max(to)]);
        let (mut source, mut target) = if from < to {
            (first, second)
        } else {
            (second, first)
        };
        let applies = target.live(with, now).is_none() && source.expected(key, expected, now);
        if applies {
            source.take(key);
            target.put(with, record);
        }
        applies
    }

    fn sweep(&self, now: i64, limit: usize) -> usize {
        let start = self.sweep_next.load(Ordering::Relaxed);
        let mut swept = 0;
        for step in 0..SHARDS {
            let index = (start + step) % SHARDS;
            if swept == limit {
                self.sweep_next.store(index, Ordering::Relaxed);
                break;
            }
            swept += Self::lock(&self.all[index]).sweep(now, limit - swept);
        }
        swept
    }
}

/// A part of the sessions, under one lock.
#[derive(Default)]
struct Shard {
    live: HashMap<Digest, Slot, BuildHasherDefault<FirstBytes>>,
    /// Exactly the sessions of `live` that have an owner.
    owners: BTreeSet<(Arc<str>, Digest)>,
    /// Nothing in `live` expires before this.
    earliest: Option<i64>,
}

impl Shard {
    fn live(&self, key: Digest, now: i64) -> Option<&Slot> {
        self.live.get(&key).filter(|slot| slot.expires > now)
    }

    fn expected(&self, key: Digest, expected: Revision, now: i64) -> bool {
        self.live(key, now)
            .is_some_and(|slot| slot.entry.revision == expected)
    }

    fn insert(&mut self, key: Digest, record: &Record, now: i64) -> bool {
        let free = self.live(key, now).is_none();
        if free {
            self.put(key, record);
        }
        free
    }

    fn touch(
        &mut self,
        key: Digest,
        expected: Revision,
        seen: i64,
        expires: i64,
        now: i64,
    ) -> bool {
        let found = self.live.get_mut(&key);
        let Some(slot) = found.filter(|slot| slot.expires > now) else {
            return false;
        };
        let applies = slot.entry.revision == expected;
        if applies {
            slot.entry.seen = slot.entry.seen.max(seen);
            slot.expires = slot.expires.max(expires);
        }
        applies
    }

    /// Every way in leads through here, and every way out through `take` or `sweep`.
    fn put(&mut self, key: Digest, record: &Record) {
        let slot = Slot::of(record);
        self.take(key);
        if let Some(owner) = &record.owner {
            self.owners.insert((Arc::clone(owner), key));
        }
        let earliest = self.earliest.unwrap_or(slot.expires);
        self.earliest = Some(earliest.min(slot.expires));
        self.live.insert(key, slot);
    }

    fn take(&mut self, key: Digest) {
        if let Some(owner) = self.live.remove(&key).and_then(|slot| slot.entry.owner) {
            self.owners.remove(&(owner, key));
        }
    }

    fn owned_by(&self, owner: &str) -> Vec<Digest> {
        if self.owners.is_empty() {
            return Vec::new();
        }
        let owner: Arc<str> = owner.into();
        let first = (Arc::clone(&owner), Digest([0; 32]));
        let last = (owner, Digest([u8::MAX; 32]));
        self.owners
            .range(first..=last)
            .map(|(_, key)| *key)
            .collect()
    }

    fn sweep(&mut self, now: i64, limit: usize) -> usize {
        let mut swept = 0;
        if self.earliest.is_some_and(|earliest| earliest <= now) {
            let owners = &mut self.owners;
            let expired = self.live.extract_if(|_, slot| slot.expires <= now);
            for (key, slot) in expired.take(limit) {
                if let Some(owner) = slot.entry.owner {
                    owners.remove(&(owner, key));
                }
                swept += 1;
            }
            if swept < limit {
                self.earliest = self.live.values().map(|slot| slot.expires).min();
            }
        }
        // A table that has been four times as full gives half of it back, and an empty one all.
        if self.live.capacity() > 4 * self.live.len().max(8) || self.live.is_empty() {
            self.live.shrink_to(2 * self.live.len());
        }
        swept
    }
}

/// A key's digest, which is random enough to be its own hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Digest([u8; 32]);

impl Digest {
    fn of(key: &Key) -> Self {
        Self(*key.digest())
    }

    /// Other bits than the hash has, or each shard's table would use a part of its buckets only.
    fn shard(self) -> usize {
        usize::from(self.0[31]) % SHARDS
    }
}

impl Hash for Digest {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (first, _) = self.0.split_first_chunk().expect("32 bytes begin with 8");
        state.write_u64(u64::from_le_bytes(*first));
    }
}

#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What the table holds: small, so that a sweep reads little and spare buckets cost little.
struct Slot {
    expires: i64,
    entry: Box<Entry>,
}

/// A record with its moments as microseconds: half its size.
struct Entry {
    revision: Revision,
    public_id: PublicId,
    created: i64,
    seen: i64,
    /// `NEVER` for none.
    authenticated: i64,
    owner: Option<Arc<str>>,
    expiry: Expiry,
    data: Arc<str>,
}

const NEVER: i64 = i64::MIN;

impl Slot {
    fn of(record: &Record) -> Self {
        Self {
            expires: to_micros(record.expires),
            entry: Box::new(Entry {
                revision: record.revision,
                public_id: record.public_id,
                created: to_micros(record.created),
                seen: to_micros(record.seen),
                authenticated: record.authenticated.map_or(NEVER, to_micros),
                owner: record.owner.clone(),
                expiry: record.expiry,
                data: Arc::clone(&record.data),
            }),
        }
    }

    fn record(&self) -> Record {
        let entry = &*self.entry;
        Record {
            revision: entry.revision,
            public_id: entry.public_id,
            created: moment(entry.created),
            seen: moment(entry.seen),
            expires: moment(self.expires),
            authenticated: (entry.authenticated != NEVER).then(|| moment(entry.authenticated)),
            owner: entry.owner.clone(),
            expiry: entry.expiry,
            data: Arc::clone(&entry.data),
        }
    }
}

/// Reads what `to_micros` made of a moment, which is a moment again.
fn moment(micros: i64) -> OffsetDateTime {
    from_micros(micros).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use session_core::Id;
    use session_testkit::{moment_at, record_of};

    use super::*;

    fn digest(first: u8, last: u8) -> Digest {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (first, last);
        Digest(bytes)
    }

    fn key(number: u32) -> Key {
        Key::of(Id::parse(format!("{number:032}").as_bytes()).unwrap())
    }

    fn counts(store: &MemoryStore) -> (usize, usize) {
        let shards = store.0.lock_all();
        (
            shards.iter().map(|shard| shard.live.len()).sum(),
            shards.iter().map(|shard| shard.owners.len()).sum(),
        )
    }

    #[test]
    fn entries_are_small() {
        assert!(size_of::<Entry>() <= 104, "{}", size_of::<Entry>());
        assert_eq!(size_of::<(Digest, Slot)>(), 48);
    }

    #[tokio::test]
    async fn an_emptied_store_owns_no_table_and_no_index() {
        let store = MemoryStore::new();
        let record = Record {
            owner: Some("ada".into()),
            expires: moment_at(60),
            ..record_of(1)
        };
        for number in 0..10_000 {
            let key = key(number);
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
        // A sweep that found nothing has seen every shard.
        let shards = store.0.lock_all();
        assert!(shards.iter().all(|shard| shard.live.capacity() == 0));
        assert!(shards.iter().all(|shard| shard.earliest.is_none()));
    }

    #[test]
    fn a_store_that_was_full_once_gives_memory_back() {
        let mut shard = Shard::default();
        let record = record_of(1);
        for first in 0..=255 {
            shard.put(digest(first, 0), &record);
        }
        let full = shard.live.capacity();
        for first in 10..=255 {
            shard.take(digest(first, 0));
        }
        shard.sweep(0, 1_000);
        assert_eq!(shard.live.len(), 10);
        assert!(shard.live.capacity() * 4 < full);
    }

    #[test]
    fn the_owner_index_follows_overwriting_and_expiry() {
        let mut shard = Shard::default();
        let one = digest(1, 0);
        let with_owner = |owner: Option<&str>| Record {
            owner: owner.map(Into::into),
            ..record_of(1)
        };
        shard.put(one, &with_owner(Some("ada")));
        shard.put(one, &with_owner(Some("bob")));
        assert_eq!(shard.owned_by("ada"), []);
        assert_eq!(shard.owned_by("bob"), [one]);
        shard.put(one, &with_owner(None));
        assert!(shard.owners.is_empty());
    }

    impl fmt::Debug for Digest {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Digest(…)")
        }
    }
}
