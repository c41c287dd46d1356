use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{Record, Revision};

use super::shard::Shard;
use super::slot::Digest;

/// Two locks of this many are enough for any command but those on an owner's sessions.
pub(super) const SHARDS: usize = 64;

pub(super) struct Shards {
    all: [Mutex<Shard>; SHARDS],
    /// Where the next sweep begins, so that a small limit still reaches every shard.
    sweep_next: AtomicUsize,
}

impl Shards {
    pub(super) fn new() -> Self {
        Self {
            all: std::array::from_fn(|_| Mutex::default()),
            sweep_next: AtomicUsize::new(0),
        }
    }

    pub(super) fn len(&self) -> usize {
        let count = |shard| Self::lock(shard).live.len();
        self.all.iter().map(count).sum()
    }

    fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, key: Digest) -> MutexGuard<'_, Shard> {
        Self::lock(&self.all[key.shard()])
    }

    /// Locks everything, in index order as all who lock more than one shard do: a session that
    /// moves to another shard meanwhile would be missed or counted twice.
    pub(super) fn lock_all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.all.iter().map(Self::lock).collect()
    }

    pub(super) fn replace(
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

    pub(super) fn sweep(&self, now: i64, limit: usize) -> usize {
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
