use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::Key;

use super::shard::Shard;

/// The number of shards.
///
/// Requests rarely contend for a lock, and an owner can be looked up in all of them.
const SHARDS: usize = 64;

pub(super) struct Shards {
    all: [Mutex<Shard>; SHARDS],
    /// The shard at which the next sweep begins, so that a small limit still reaches every shard.
    sweep_cursor: AtomicUsize,
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            all: std::array::from_fn(|_| Mutex::default()),
            sweep_cursor: AtomicUsize::new(0),
        }
    }

    /// Locks the shard of a key, which is enough for every command.
    pub(super) fn of(&self, key: &Key) -> MutexGuard<'_, Shard> {
        // The hash has the first bytes; sharing bits would leave buckets of each table unused.
        let last = key.as_bytes().last().copied().unwrap_or_default();
        lock(&self.all[usize::from(last) % SHARDS])
    }

    /// Locks one shard after the other; a session never changes its shard.
    pub(super) fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.all.iter().map(lock)
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
            let expired = lock(&self.all[index]).sweep(now, limit - swept);
            swept += expired.len();
        }
        swept
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
