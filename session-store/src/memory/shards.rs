use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{Command, Key, Outcome, Record, StoreError};

use super::shard::Shard;
use super::slot::Slot;

/// The number of shards.
///
/// Requests rarely contend for a lock, and an owner can be looked up in all of them.
const SHARDS: usize = 64;

pub(super) struct Shards {
    all: [Mutex<Shard>; SHARDS],
    /// The shard at which the next sweep begins, so that a small limit still reaches every shard.
    sweep_cursor: AtomicUsize,
    /// The shard in which room is made next.
    room_cursor: AtomicUsize,
    /// The bytes of all sessions, about.
    bytes: AtomicUsize,
    /// The limit of `bytes`.
    limit: usize,
}

impl Shards {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            all: std::array::from_fn(|_| Mutex::default()),
            sweep_cursor: AtomicUsize::new(0),
            room_cursor: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            limit,
        }
    }

    #[inline]
    pub(super) fn load(&self, key: &Key) -> Option<Record> {
        let mut shard = self.shard_of(key);
        let id = key.public_id();
        let slot = shard.slots.get(&id)?;
        if !slot.lacks_index() || !self.has_room(slot.bytes()) {
            return Some(slot.record());
        }
        self.counted(&mut shard, |shard| shard.index(&id))
    }

    /// Carries out a command in the shard of its key; an error if there is no room for what it adds.
    pub(super) fn write(&self, command: Command<'_>, now: i64) -> Result<Outcome, StoreError> {
        if let Command::Move { .. } = command {
            return Err(StoreError::keys_stay());
        }
        if let Command::Insert { key, record } | Command::Replace { key, record, .. } = command {
            // Most of the time there is room for all of it.
            if !self.has_room(Slot::bytes_of(record)) {
                let growth = self.shard_of(key).growth(command, now);
                self.make_room(key, growth, now)?;
            }
        }
        let mut shard = self.shard_of(command.key());
        let outcome = self.counted(&mut shard, |shard| shard.write(command, now));
        if let Command::Insert { .. } = command {
            // Expired sessions go as new ones come, so that nobody has to sweep.
            let freed = self.counted(&mut shard, |shard| shard.tidy(now));
            drop(shard);
            drop(freed);
        }
        Ok(outcome)
    }

    /// Returns the sessions of a shard; `None` if there are not so many shards.
    pub(super) fn of_shard(&self, number: usize) -> Option<Vec<(Key, Record)>> {
        let shard = lock(self.all.get(number)?);
        // A session's handle is its key.
        let sessions = shard
            .slots
            .iter()
            .filter_map(|slot| Some((Key::from_bytes(slot.id().as_bytes())?, slot.record())));
        Some(sessions.collect())
    }

    /// Runs a change of each shard, one after the other; a session never changes its shard.
    pub(super) fn each<T>(
        &self,
        mut change: impl FnMut(&mut Shard) -> T,
    ) -> impl Iterator<Item = T> {
        self.all.iter().map(move |shard| {
            let mut shard = lock(shard);
            self.counted(&mut shard, &mut change)
        })
    }

    /// Ends sessions until there is room for so many bytes: those that are over, then those of nobody
    /// that were used longest ago, as far as a few looks tell.
    ///
    /// Sessions of owners stay: otherwise a stranger without a cookie could sign everybody out.
    fn make_room(&self, key: &Key, bytes: usize, now: i64) -> Result<(), StoreError> {
        if bytes > self.limit {
            // All the others' ends would not help.
            return Err(StoreError::new(format!(
                "the session is larger than the memory store's limit ({} bytes); raise that",
                self.limit
            )));
        }
        for _ in 0..SHARDS {
            if self.has_room(bytes) {
                return Ok(());
            }
            let index = self.room_cursor.fetch_add(1, Ordering::Relaxed) % SHARDS;
            let mut shard = lock(&self.all[index]);
            let mut freed = self.counted(&mut shard, |shard| shard.sweep(now, usize::MAX));
            while !self.has_room(bytes) {
                let Some(slot) =
                    self.counted(&mut shard, |shard| shard.give_up_one(&key.public_id()))
                else {
                    break;
                };
                freed.push(slot);
            }
            drop(shard);
            drop(freed);
        }
        if self.has_room(bytes) {
            return Ok(());
        }
        Err(StoreError::new(format!(
            "the memory store is full of owners' sessions ({} bytes); raise its limit",
            self.limit
        )))
    }

    fn has_room(&self, bytes: usize) -> bool {
        bytes == 0 || self.bytes.load(Ordering::Relaxed).saturating_add(bytes) <= self.limit
    }

    fn counted<T>(&self, shard: &mut Shard, change: impl FnOnce(&mut Shard) -> T) -> T {
        let before = shard.bytes;
        let result = change(shard);
        if shard.bytes >= before {
            self.bytes
                .fetch_add(shard.bytes - before, Ordering::Relaxed);
        } else {
            self.bytes
                .fetch_sub(before - shard.bytes, Ordering::Relaxed);
        }
        result
    }

    /// Locks the shard of a key, which is enough for every command.
    fn shard_of(&self, key: &Key) -> MutexGuard<'_, Shard> {
        // The hash has the first bytes; sharing bits would leave buckets of each table unused.
        let last = key.as_bytes().last().copied().unwrap_or_default();
        lock(&self.all[usize::from(last) % SHARDS])
    }

    pub(super) fn sweep(&self, now: i64, limit: usize) -> usize {
        let start = self.sweep_cursor.load(Ordering::Relaxed);
        let mut swept = 0;
        for step in 0..SHARDS {
            let index = (start + step) % SHARDS;
            if swept == limit {
                self.sweep_cursor.store(index, Ordering::Relaxed);
                break;
            }
            let mut shard = lock(&self.all[index]);
            let expired = self.counted(&mut shard, |shard| shard.sweep(now, limit - swept));
            drop(shard);
            swept += expired.len();
        }
        swept
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
