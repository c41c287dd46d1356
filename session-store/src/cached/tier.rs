use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use session_core::{Digest, Key, Moment, PublicId, Record, to_micros};

use super::entry::{Entry, Reading};
use super::invalidations::{Invalidations, Scope};
use super::options::CachedOptions;

/// One node's cache.
///
/// A session is cached and served only for its present secret. So made-up ids take no space in the
/// cache, and a stale entry can't answer for a secret that was issued after it.
pub(super) struct Tier {
    /// By the key's digest, where the key is a secret.
    entries: Cache<PublicId, Entry>,
    pub(super) invalidations: Invalidations,
    /// The latest `now`, in microseconds, of this node's sweeps.
    swept: AtomicI64,
    stale_for: Duration,
    /// Heavier entries are not cached.
    heaviest: u64,
}

impl Tier {
    pub(super) fn new(options: &CachedOptions) -> Self {
        let entries = Cache::builder()
            .max_capacity(options.capacity)
            .weigher(|_, entry: &Entry| entry.weight())
            // Requests with made-up ids can't flush the cache, so plain LRU is safe.
            .eviction_policy(EvictionPolicy::lru())
            // Frees memory only: `Entry::answers` is stricter.
            .time_to_live(options.stale_for)
            .build();
        Self {
            entries,
            invalidations: Invalidations::new(),
            swept: AtomicI64::new(i64::MIN),
            stale_for: options.stale_for,
            heaviest: options.capacity / 64,
        }
    }

    /// Begins a load; must be called before the store is asked.
    pub(super) fn reading(&self, now: Moment) -> Reading {
        Reading {
            now,
            asked: Instant::now(),
            generation: self.invalidations.latest(),
        }
    }

    /// Returns the cached record under the key if it may answer the load.
    pub(super) fn get(&self, key: &Key, secret: &Digest, reading: &Reading) -> Option<Record> {
        let entry = self.entries.get(&key.public_id())?;
        let owner = entry.record.owner.as_deref().map(Scope::Owner);
        let tag = entry.record.tag.as_deref().map(Scope::Tag);
        let scopes = [Scope::All, Scope::Key(key)].into_iter();
        let scopes = scopes.chain(owner).chain(tag);
        let may_answer = self.invalidations.is_current(entry.generation(), scopes)
            && to_micros(entry.record.expires) > self.swept.load(SeqCst)
            && entry.answers(secret, reading, self.stale_for);
        may_answer.then_some(entry.record)
    }

    /// Caches a loaded record, unless an entry was read later.
    pub(super) fn insert(&self, key: &Key, secret: &Digest, record: &Record, reading: Reading) {
        if record.secrets.present != *secret || record.expires <= reading.now {
            return;
        }
        let entry = Entry::new(record.clone(), reading);
        let weight = u64::from(entry.weight());
        if weight > self.heaviest {
            return;
        }
        let slot = self.entries.entry(key.public_id());
        slot.and_compute_with(|cached| match cached {
            Some(cached) if cached.value().is_later_than(&entry) => Op::Nop,
            _ => Op::Put(entry),
        });
        // The cache buffers a few dozen insertions, which matters if they are large.
        if weight > self.heaviest / 16 {
            self.entries.run_pending_tasks();
        }
    }

    /// Hides every record that a sweep may remove, also from loads whose clock is behind.
    pub(super) fn sweep(&self, now: Moment) {
        self.swept.fetch_max(to_micros(now), SeqCst);
        // Without loads, nothing else frees the memory of dead entries.
        self.entries.run_pending_tasks();
    }
}
