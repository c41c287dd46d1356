use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session_core::{Command, Found, Outcome, Record, Store};
use session_testkit::key_of;
use time::OffsetDateTime;

/// Visitors of live sessions.
#[derive(Clone)]
pub struct Traffic {
    pub stores: Vec<Arc<dyn Store>>,
    pub live: u64,
    /// What each of them has.
    pub record: Record,
    pub now: OffsetDateTime,
}

const VISITORS: usize = 4;

impl Traffic {
    /// Visits sessions while something else goes on: nine loads for each write.
    pub async fn watch<T>(&self, meanwhile: impl Future<Output = T>) -> (Latencies, T) {
        let stop = Arc::new(AtomicBool::new(false));
        let turn = Arc::new(AtomicU64::new(0));
        let visitors: Vec<_> = (0..VISITORS)
            .map(|number| {
                let (traffic, stop, turn) = (self.clone(), Arc::clone(&stop), Arc::clone(&turn));
                tokio::spawn(async move { traffic.visit(number, &turn, &stop).await })
            })
            .collect();
        let done = meanwhile.await;
        stop.store(true, Ordering::SeqCst);
        let mut all = Latencies::default();
        for visitor in visitors {
            let one = visitor.await.unwrap();
            all.loads.extend(one.loads);
            all.writes.extend(one.writes);
        }
        (all, done)
    }

    async fn visit(&self, visitor: usize, turn: &AtomicU64, stop: &AtomicBool) -> Latencies {
        let store = &self.stores[visitor % self.stores.len()];
        let mut latencies = Latencies::default();
        while !stop.load(Ordering::SeqCst) {
            let turn = turn.fetch_add(1, Ordering::SeqCst);
            let key = &key_of(turn * 7_919 % self.live);
            let begun = Instant::now();
            if turn.is_multiple_of(10) {
                let replace = Command::Replace {
                    key,
                    expected: self.record.revision,
                    with: key,
                    record: &self.record,
                    remembered: self.now,
                };
                let outcome = store.write(replace, self.now).await.unwrap();
                latencies.writes.push((begun, begun.elapsed()));
                assert_eq!(outcome, Outcome::Applied);
            } else {
                let found = store.load(key, self.now).await.unwrap();
                latencies.loads.push((begun, begun.elapsed()));
                assert_eq!(found, Some(Found::Here(self.record.clone())));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        latencies
    }
}

/// When requests began and how long they took, by kind.
#[derive(Default)]
pub struct Latencies {
    loads: Vec<(Instant, Duration)>,
    writes: Vec<(Instant, Duration)>,
}

impl Latencies {
    pub fn assert_resembles(&self, before: &Self, after: &Self) {
        for (during, before, after) in [
            (&self.loads, &before.loads, &after.loads),
            (&self.writes, &before.writes, &after.writes),
        ] {
            let without = median_p99(before).max(median_p99(after));
            let during = median_p99(during);
            // Twice is what it is without neighbours; a machine that is busy otherwise sees more.
            assert!(
                during <= without * 5 + Duration::from_millis(50),
                "{during:?} and {without:?}"
            );
        }
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, all) in [("loads", &self.loads), ("writes", &self.writes)] {
            let took: Vec<_> = all.iter().map(|(_, took)| *took).collect();
            write!(
                f,
                "{kind}: p99 {:?} (in the median second), {:?} (of {} in all), p50 {:?}, worst {:?}; ",
                median_p99(all),
                percentile(took.clone(), 99),
                took.len(),
                percentile(took.clone(), 50),
                percentile(took, 100),
            )?;
        }
        Ok(())
    }
}

/// Returns the median of the p99 of each second, which a busy moment of the machine does not change.
fn median_p99(all: &[(Instant, Duration)]) -> Duration {
    let Some(first) = all.iter().map(|(begun, _)| *begun).min() else {
        return Duration::ZERO;
    };
    let mut seconds: Vec<Vec<Duration>> = Vec::new();
    for (begun, took) in all {
        let second = usize::try_from((*begun - first).as_secs()).unwrap();
        if seconds.len() <= second {
            seconds.resize_with(second + 1, Vec::new);
        }
        seconds[second].push(*took);
    }
    // The last second may not be a whole one.
    if seconds.len() > 1 {
        seconds.pop();
    }
    let all = seconds.into_iter().filter(|second| !second.is_empty());
    percentile(all.map(|second| percentile(second, 99)).collect(), 50)
}

fn percentile(mut all: Vec<Duration>, percent: usize) -> Duration {
    all.sort_unstable();
    let index = (all.len() * percent / 100).min(all.len().saturating_sub(1));
    all.get(index).copied().unwrap_or_default()
}
