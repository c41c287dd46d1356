use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{Found, Key, Record, Revision};

use super::shard::Shard;
use super::slot::{Digest, Previous, Slot};

/// Two locks of this many are enough for any command but those on an owner's sessions.
pub(super) const SHARDS: usize = 64;

/// Where a session goes, and until when its old key is remembered.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) with: Digest,
    pub(super) remembered: i64,
}

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

    /// Two locks, one after the other, do here what one over both would: a session that moved on in
    /// between has forgotten the key, as a look at that later moment would tell.
    pub(super) fn find(&self, key: Digest, now: i64) -> Option<Found> {
        let to = {
            let shard = self.of(key);
            if let Some(slot) = shard.live(key, now) {
                return Some(Found::Here(slot.record()));
            }
            shard.leads_to(key, now)?
        };
        let shard = self.of(to);
        // It may have been moved on meanwhile, or have made room for another.
        let slot = shard
            .live(to, now)
            .filter(|slot| slot.is_led_to_by(key, now))?;
        Some(Found::Moved {
            to: Key::from_digest(to.0),
            record: slot.record(),
        })
    }

    /// As [`find`](Self::find): what moved on in between is what a delete after the move would miss too,
    /// and what is still led to by the key cannot escape the second lock.
    pub(super) fn delete(&self, key: Digest, now: i64) {
        let to = {
            let mut shard = self.of(key);
            let was_live = shard.live(key, now).is_some();
            shard.take(key);
            shard.leads_to(key, now).filter(|_| !was_live)
        };
        if let Some(to) = to {
            let mut shard = self.of(to);
            let slot = shard.live(to, now);
            if slot.is_some_and(|slot| slot.is_led_to_by(key, now)) {
                shard.take(to);
            }
        }
    }

    pub(super) fn replace(
        &self,
        key: Digest,
        expected: Revision,
        Place { with, remembered }: Place,
        record: &Record,
        now: i64,
    ) -> bool {
        let previous = (remembered > now).then(|| {
            let until = remembered;
            Box::new(Previous { key, until })
        });
        let (from, to) = (key.shard(), with.shard());
        if from == to {
            let mut shard = self.of(key);
            let free = key == with || shard.live(with, now).is_none();
            let applies = free && shard.expected(key, expected, now);
            if applies {
                let old = shard.take(key);
                if key == with {
                    let previous = old.and_then(|slot| slot.entry.previous);
                    shard.put(Slot::new(with, record, previous));
                } else {
                    shard.put(Slot::new(with, record, previous));
                    shard.lead(key, with, remembered);
                }
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
            source.lead(key, with, remembered);
            target.put(Slot::new(with, record, previous));
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
            let expired = Self::lock(&self.all[index]).sweep(now, limit - swept);
            swept += expired.len();
        }
        swept
    }
}
