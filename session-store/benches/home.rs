//! The cost of a store's home: calls from its own runtime, and from workers with other runtimes.
//!
//! It prints calls a second and latencies for SQLite, and for PostgreSQL if that feature is on.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, missing_docs)]

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use session_core::{Command, Revision, Store};
use session_testkit::{digest_of, key_of, moment_at, record_of};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// The threads that make calls, in one runtime or in one each.
const THREADS: usize = 2;
const TIME: Duration = Duration::from_secs(2);

fn main() {
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.db");
        compare("sqlite", async || {
            session_store::SqliteStore::open(&path).await.unwrap()
        });
    }
    #[cfg(feature = "postgres")]
    {
        let server = session_servers::Postgres::start().unwrap();
        compare("postgres", async || {
            let url = server.url("postgres");
            session_store::PostgresStore::open(url).await.unwrap()
        });
    }
}

fn compare<S: Store>(name: &str, open: impl AsyncFn() -> S) {
    let tasks = Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .unwrap();
    let main = Builder::new_current_thread().enable_all().build().unwrap();
    let at_home = Arc::new(tasks.block_on(open()));
    let elsewhere = Arc::new(main.block_on(open()));
    for at_once in [1, 16, 64] {
        for round in 1..4 {
            let base = 1_000_000 * round * at_once as u64;
            let here = tasks.block_on(calls(Arc::clone(&at_home), at_once, base));
            let there = on_workers(&elsewhere, at_once, base + 500_000);
            println!("{name:9} {at_once:3} at once: in place {here}; from workers {there}");
        }
    }
}

fn on_workers<S: Store>(store: &Arc<S>, at_once: usize, base: u64) -> Report {
    let workers: Vec<_> = (0..THREADS.min(at_once))
        .map(|worker| {
            let store = Arc::clone(store);
            thread::spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().build().unwrap();
                let share = (at_once / THREADS).max(1);
                runtime.block_on(calls(store, share, base + 10_000 * worker as u64))
            })
        })
        .collect();
    let mut all = Report::default();
    for worker in workers {
        all.0.extend(worker.join().unwrap().0);
    }
    all
}

/// Loads a session nine times and replaces it once, again and again.
async fn calls<S: Store>(store: Arc<S>, at_once: usize, base: u64) -> Report {
    let mut tasks = JoinSet::new();
    for number in 0..at_once {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let (key, mut record) = (key_of(base + number as u64), record_of(1));
            let (now, mut took) = (moment_at(0), Vec::new());
            let insert = Command::Insert {
                key: &key,
                record: &record,
            };
            store.write(insert, now).await.unwrap();
            let begun = Instant::now();
            while begun.elapsed() < TIME {
                for _ in 0..9 {
                    let asked = Instant::now();
                    store.load(&key, &digest_of(0), now).await.unwrap();
                    took.push(asked.elapsed());
                }
                let expected = record.revision;
                record.revision = Revision::from_i64(expected.to_i64() + 1);
                let asked = Instant::now();
                let replace = Command::Replace {
                    key: &key,
                    expected,
                    record: &record,
                };
                store.write(replace, now).await.unwrap();
                took.push(asked.elapsed());
            }
            took
        });
    }
    Report(tasks.join_all().await.concat())
}

#[derive(Default)]
struct Report(Vec<Duration>);

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut all = self.0.clone();
        all.sort_unstable();
        let at = |part: usize| all[(all.len() * part / 1_000).min(all.len() - 1)].as_micros();
        let rate = all.len() as f64 / TIME.as_secs_f64();
        write!(f, "{rate:6.0}/s, p50 {} µs, p99 {} µs", at(500), at(990))
    }
}
