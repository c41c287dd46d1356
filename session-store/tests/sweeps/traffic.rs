use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use session_core::{Command, Moment, Outcome, Record, Store};
use session_testkit::key_of;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::is_full;

/// Clients that load and write live sessions.
#[derive(Clone)]
pub struct Traffic {
    pub stores: Vec<Arc<dyn Store>>,
    pub live: u64,
    /// The record of each live session.
    pub record: Record,
    pub now: Moment,
}

const CLIENTS: usize = 4;

/// How often a client asks at most.
const PACE: Duration = Duration::from_millis(2);

impl Traffic {
    /// Sends requests until `meanwhile` ends: nine loads for each write.
    pub async fn watch(&self, meanwhile: impl Future<Output = ()>) -> Latencies {
        self.send_until(Arc::default(), meanwhile).await
    }

    /// Sends about as many requests.
    pub async fn ask(&self, count: u64) -> Latencies {
        let requests: Arc<watch::Sender<u64>> = Arc::default();
        let mut sent = requests.subscribe();
        let all = async {
            sent.wait_for(|sent| *sent >= count).await.unwrap();
        };
        self.send_until(requests, all).await
    }

    async fn send_until(
        &self,
        requests: Arc<watch::Sender<u64>>,
        meanwhile: impl Future<Output = ()>,
    ) -> Latencies {
        let stop = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (traffic, stop) = (self.clone(), Arc::clone(&stop));
                let requests = Arc::clone(&requests);
                tokio::spawn(async move { traffic.send(client, &requests, &stop).await })
            })
            .collect();
        meanwhile.await;
        stop.store(true, Ordering::SeqCst);
        let (mut loads, mut writes) = (Vec::new(), Vec::new());
        for client in clients {
            let (some_loads, some_writes) = client.await.unwrap();
            loads.extend(some_loads);
            writes.extend(some_writes);
        }
        Latencies {
            loads: vec![loads],
            writes: vec![writes],
        }
    }

    async fn send(
        &self,
        client: usize,
        requests: &watch::Sender<u64>,
        stop: &AtomicBool,
    ) -> (Vec<Duration>, Vec<Duration>) {
        let store = &self.stores[client % self.stores.len()];
        let (mut loads, mut writes) = (Vec::new(), Vec::new());
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.load(Ordering::SeqCst) {
            pace.tick().await;
            let mut number = 0;
            requests.send_modify(|sent| {
                number = *sent;
                *sent += 1;
            });
            let key = &key_of(number * 7_919 % self.live);
            let begun = Instant::now();
            if number.is_multiple_of(10) {
                let replace = Command::Replace {
                    key,
                    expected: self.record.revision,
                    record: &self.record,
                };
                let outcome = store.write(replace, self.now).await.unwrap();
                writes.push(begun.elapsed());
                assert_eq!(outcome, Outcome::Applied);
            } else {
                let secret = &self.record.secrets.present;
                let found = store.load(key, secret, self.now).await.unwrap();
                loads.push(begun.elapsed());
                assert_eq!(found, Some(self.record.clone()));
            }
        }
        (loads, writes)
    }
}

/// The latencies of requests, by kind and by watch.
#[derive(Default)]
pub struct Latencies {
    loads: Vec<Vec<Duration>>,
    writes: Vec<Vec<Duration>>,
}

impl Latencies {
    pub fn add(&mut self, others: Self) {
        self.loads.extend(others.loads);
        self.writes.extend(others.writes);
    }

    /// Compares the medians of the p99, on which a busy moment of the machine has no effect.
    pub fn assert_resembles(&self, without: &Self) {
        for (with, without) in [
            (&self.loads, &without.loads),
            (&self.writes, &without.writes),
        ] {
            let (with, without) = (median(with, 99), median(without, 99));
            // The short run may share the machine with other tests.
            let (times, slack) = if is_full() { (2, 1) } else { (5, 50) };
            assert!(
                with <= without * times + Duration::from_millis(slack),
                "{with:?} and {without:?}"
            );
        }
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, all) in [("loads", &self.loads), ("writes", &self.writes)] {
            let (half, most) = (median(all, 50), median(all, 99));
            let all = all.concat();
            let (count, worst) = (all.len(), percentile(all, 100));
            write!(
                f,
                "{count} {kind}, p50 {half:.1?}, p99 {most:.1?}, worst {worst:.1?}; "
            )?;
        }
        Ok(())
    }
}

/// Returns the median, over all watches, of a percentile.
fn median(all: &[Vec<Duration>], percent: usize) -> Duration {
    let each = all.iter().filter(|one| !one.is_empty());
    percentile(
        each.map(|one| percentile(one.clone(), percent)).collect(),
        50,
    )
}

fn percentile(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort_unstable();
    let index = (all.len() * percent / 100).min(all.len().saturating_sub(1));
    all.get(index).copied().unwrap_or_default()
}
