//! The cache stays within its capacity, and frees its memory.

#![allow(clippy::unwrap_used)]
#![cfg(feature = "cached")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use session_store::{CachedOptions, CachedStore};
use session_testkit::{changed, digest_of, key_of, moment_at, record_of};

/// A store that has every session, and returns each in fresh memory, as a database does.
#[derive(Debug, Default)]
struct EveryStore {
    size: AtomicUsize,
    loads: AtomicUsize,
}

#[async_trait]
impl Store for EveryStore {
    async fn load(&self, _: &Key, _: &Digest, _: Moment) -> Result<Option<Record>, StoreError> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        let data = "x".repeat(self.size.load(Ordering::Relaxed)).into();
        Ok(Some(changed!(record_of(1), data = data)))
    }

    async fn write(&self, _: Command<'_>, _: Moment) -> Result<Outcome, StoreError> {
        Ok(Outcome::Refused)
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: Moment,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Ok(Vec::new())
    }

    async fn revoke(&self, _: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn load(cached: &CachedStore, number: u64) {
    let (key, secret) = (&key_of(number), &digest_of(0));
    let found = pollster::block_on(cached.load(key, secret, moment_at(0)));
    assert!(found.unwrap().is_some());
}

/// Held by each test, because threads free each other's garbage.
static SERIAL: Mutex<()> = Mutex::new(());

#[test]
fn its_memory_is_bounded_in_bytes_and_comes_back_with_a_sweep() {
    const CAPACITY: u64 = 1 << 20;
    let _serial = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let store = Arc::new(EveryStore::default());
    let options = CachedOptions::new()
        .capacity(CAPACITY)
        .stale_for(Duration::from_secs(2));
    let cached = CachedStore::with(Arc::clone(&store) as Arc<dyn Store>, &options).unwrap();
    let mut number = 0;
    let mut kept = 0;
    for size in [0, 200, 3_000, 10_000, 100_000, 200] {
        store.size.store(size, Ordering::Relaxed);
        let sessions = 1 + 3_000_000 / (size + 500);
        let used = allocation_counter::measure(|| {
            for _ in 0..sessions {
                load(&cached, number);
                number += 1;
            }
        });
        kept += used.bytes_current;
        let most = i64::try_from(CAPACITY + CAPACITY / 5).unwrap();
        assert!(kept <= most, "{kept} bytes are kept of {size} each");
    }
    // The cache was full of sessions of the most frequent size.
    assert!(kept >= i64::try_from(CAPACITY * 4 / 5).unwrap(), "{kept}");
    let begun = Instant::now();
    while kept > i64::try_from(CAPACITY / 4).unwrap() {
        let freed = allocation_counter::measure(|| {
            pollster::block_on(cached.sweep(moment_at(0), 1)).unwrap();
        });
        kept += freed.bytes_current;
        assert!(begun.elapsed() < Duration::from_secs(30), "{kept}");
        std::thread::yield_now();
    }
}

#[test]
fn wrong_secrets_and_expired_sessions_take_no_memory() {
    let _serial = SERIAL.lock().unwrap_or_else(PoisonError::into_inner);
    let cached = CachedStore::new(Arc::new(EveryStore::default()));
    let (right, wrong) = (digest_of(0), digest_of(1));
    for (secret, second, is_cached) in [(wrong, 0, false), (right, 100, false), (right, 0, true)] {
        let used = allocation_counter::measure(|| {
            for number in 0..1_000 {
                let (key, now) = (key_of(number), moment_at(second));
                let found = pollster::block_on(cached.load(&key, &secret, now));
                assert!(found.unwrap().is_some());
            }
        });
        let kept = used.bytes_current;
        assert_eq!(kept > 100_000, is_cached, "{kept} bytes at {second} s");
    }
}

#[test]
fn a_large_session_is_not_cached() {
    let store = Arc::new(EveryStore::default());
    let options = CachedOptions::new().capacity(64 << 10);
    let cached = CachedStore::with(Arc::clone(&store) as Arc<dyn Store>, &options).unwrap();
    for (size, asked) in [(300, 1), (1_000, 3)] {
        store.size.store(size, Ordering::Relaxed);
        let number = u64::try_from(size).unwrap();
        for _ in 0..3 {
            load(&cached, number);
        }
        assert_eq!(store.loads.swap(0, Ordering::Relaxed), asked);
    }
}
