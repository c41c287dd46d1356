//! A sweep removes exactly what has expired, however much it is, and traffic hardly notices.
//!
//! With `FULL=1` in the environment it is a million expired sessions beside 100,000 live ones; run
//! that with `--release` and `--nocapture`.

#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "sweeper", any(feature = "memory", feature = "sqlite")))]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use session_core::{
    Command, Device, Found, Key, ManualClock, Outcome, Policy, Record, Revoke, Sessions, Store,
    StoreError,
};
use session_store::Sweeper;
use session_testkit::{key_of, moment_at, record_of};
use time::OffsetDateTime;

/// Counts what is swept.
#[derive(Debug, Clone)]
struct CountingStore {
    store: Arc<dyn Store>,
    swept: Arc<AtomicUsize>,
    batches: Arc<AtomicUsize>,
}

impl CountingStore {
    fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            swept: Arc::default(),
            batches: Arc::default(),
        }
    }
}

#[async_trait]
impl Store for CountingStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        self.store.load(key, now).await
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        self.store.write(command, now).await
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let swept = self.store.sweep(now, limit).await?;
        self.swept.fetch_add(swept, Ordering::SeqCst);
        self.batches.fetch_add(1, Ordering::SeqCst);
        Ok(swept)
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        self.store.devices(owner, now).await
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        self.store.revoke(owner, which, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

/// How many sessions there are, and how long traffic is watched before and after.
#[derive(Clone, Copy)]
struct Scale {
    expired: u64,
    live: u64,
    watch: Duration,
}

/// Returns the full scale, if it is wished for, or one that this store needs a moment for.
fn scale(expired: u64) -> Scale {
    let is_full = std::env::var_os("FULL").is_some();
    Scale {
        expired: if is_full { 1_000_000 } else { expired },
        live: if is_full { 100_000 } else { 10_000 },
        watch: Duration::from_secs(if is_full { 20 } else { 2 }),
    }
}

/// When the expired have expired, and the live have not.
const NOW: i64 = 100;

fn live(number: u32) -> Record {
    Record {
        expires: moment_at(1_000_000),
        data: "x".repeat(200).into(),
        ..record_of(number)
    }
}

async fn insert(store: &dyn Store, number: u64, record: &Record) {
    let key = &key_of(number);
    let insert = Command::Insert { key, record };
    let outcome = store.write(insert, moment_at(0)).await.unwrap();
    assert_eq!(outcome, Outcome::Applied);
}

/// How long requests took, by kind.
#[derive(Default)]
struct Latencies {
    loads: Vec<Duration>,
    writes: Vec<Duration>,
}

fn percentile(all: &mut [Duration], percent: usize) -> Duration {
    all.sort_unstable();
    all[all.len() * percent / 100]
}

impl Latencies {
    fn p99(&mut self) -> [Duration; 2] {
        [&mut self.loads, &mut self.writes].map(|all| percentile(all, 99))
    }
}

/// Visits live sessions until it is told to stop: nine loads for each write.
async fn traffic(store: Arc<dyn Store>, scale: Scale, stop: Arc<AtomicBool>) -> Latencies {
    const VISITORS: u64 = 4;
    let turn = Arc::new(AtomicU64::new(0));
    let visitors: Vec<_> = (0..VISITORS)
        .map(|_| {
            let (store, stop, turn) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&turn));
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                while !stop.load(Ordering::SeqCst) {
                    let turn = turn.fetch_add(1, Ordering::SeqCst);
                    let number = turn * 7_919 % scale.live;
                    let (key, record) = (&key_of(number), live(u32::try_from(number).unwrap()));
                    let begun = Instant::now();
                    if turn.is_multiple_of(10) {
                        let replace = Command::Replace {
                            key,
                            expected: record.revision,
                            with: key,
                            record: &record,
                            remembered: moment_at(0),
                        };
                        let outcome = store.write(replace, moment_at(NOW)).await.unwrap();
                        latencies.writes.push(begun.elapsed());
                        assert_eq!(outcome, Outcome::Applied);
                    } else {
                        let found = store.load(key, moment_at(NOW)).await.unwrap();
                        latencies.loads.push(begun.elapsed());
                        assert_eq!(found, Some(Found::Here(record)));
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                latencies
            })
        })
        .collect();
    let mut all = Latencies::default();
    for visitor in visitors {
        let one = visitor.await.unwrap();
        all.loads.extend(one.loads);
        all.writes.extend(one.writes);
    }
    all
}

/// Watches traffic while something else goes on.
async fn watch(
    store: &CountingStore,
    scale: Scale,
    meanwhile: impl Future<Output = ()>,
) -> [Duration; 2] {
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = tokio::spawn(traffic(Arc::new(store.clone()), scale, Arc::clone(&stop)));
    meanwhile.await;
    stop.store(true, Ordering::SeqCst);
    traffic.await.unwrap().p99()
}

/// Sweeps a store that has been filled, under traffic, and compares.
async fn sweeps(name: &str, store: CountingStore, scale: Scale) {
    let clock = Arc::new(ManualClock::new(moment_at(NOW)));
    let policy = Policy::builder().clock(clock).build().unwrap();
    let sessions = Sessions::new(policy, store.clone());
    let expired = usize::try_from(scale.expired).unwrap();

    let before = watch(&store, scale, tokio::time::sleep(scale.watch)).await;
    let begun = Instant::now();
    let during = watch(&store, scale, async {
        let sweeper = Sweeper::start(&sessions, Duration::from_mins(1));
        while store.swept.load(Ordering::SeqCst) < expired {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sweeper.stop().await;
    })
    .await;
    let took = begun.elapsed();
    let after = watch(&store, scale, tokio::time::sleep(scale.watch)).await;
    println!(
        "{name}: {expired} of {} swept in {took:?}, {} batches; p99 of loads and writes before \
         {before:?}, meanwhile {during:?}, after {after:?}",
        scale.expired + scale.live,
        store.batches.load(Ordering::SeqCst),
    );

    assert_eq!(store.swept.load(Ordering::SeqCst), expired);
    assert_eq!(store.sweep(moment_at(NOW), usize::MAX).await.unwrap(), 0);
    for number in 0..scale.live {
        let found = store.load(&key_of(number), moment_at(NOW)).await.unwrap();
        assert!(found.is_some(), "{number} was swept");
    }
    for (before, during) in before.into_iter().zip(during) {
        // Twice is what it is without neighbours; a machine that is busy otherwise sees more.
        assert!(
            during <= before * 5 + Duration::from_millis(50),
            "{during:?}"
        );
    }
}

#[cfg(feature = "memory")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_swept_under_traffic() {
    let scale = scale(100_000);
    let store = CountingStore::new(session_store::MemoryStore::new());
    for number in 0..scale.live {
        insert(&store, number, &live(u32::try_from(number).unwrap())).await;
    }
    for number in 0..scale.expired {
        let record = Record {
            expires: moment_at(NOW),
            ..live(0)
        };
        insert(&store, 10_000_000 + number, &record).await;
    }
    sweeps("memory", store, scale).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_swept_under_traffic() {
    let scale = scale(20_000);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sessions.db");
    let store = session_store::SqliteStore::open(&path).await.unwrap();
    for number in 0..scale.live {
        insert(&store, number, &live(u32::try_from(number).unwrap())).await;
    }
    // One by one would take minutes.
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let pool = sqlx::SqlitePool::connect_with(file).await.unwrap();
    let expires = session_core::to_micros(moment_at(NOW));
    sqlx::query(
        "WITH RECURSIVE numbers (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1) \
         INSERT INTO session SELECT randomblob(32), n, randomblob(16), 0, 0, ?2 - n % 1000, NULL, \
         iif(n % 10 = 0, 'owner-' || n / 50, NULL), 'policy', hex(randomblob(100)), NULL, NULL \
         FROM numbers",
    )
    .bind(i64::try_from(scale.expired).unwrap())
    .bind(expires)
    .execute(&pool)
    .await
    .unwrap();
    sweeps("sqlite", CountingStore::new(store.clone()), scale).await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM session")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(u64::try_from(left).unwrap(), scale.live);
    pool.close().await;
    store.close().await;
}
