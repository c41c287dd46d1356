//! Two cores against one: threads that read and count in sessions of their own, in one application or on one store.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use session_costs::{Scenario, Spread};

use crate::{Peer, Shared, peers};

/// What two threads do, as a multiple of what one does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, missing_docs)]
pub struct Row {
    pub subject: String,
    pub scenario: Scenario,
    pub two_of_one: Spread,
}

/// Measures the peers whose application can be shared between threads.
///
/// # Errors
///
/// A subject can't be made.
pub fn measure(rounds: usize, turn: Duration) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for peer in peers() {
        let Some(share) = peer.share else { continue };
        let shared = share().with_context(|| peer.name)?;
        for scenario in [Scenario::Read, Scenario::Increment] {
            let mut multiples = Vec::new();
            for _ in 0..rounds {
                let one = calls(&shared, scenario, 1, turn, &peer)?;
                multiples.push(calls(&shared, scenario, 2, turn, &peer)? / one);
            }
            rows.push(Row {
                subject: peer.name.to_owned(),
                scenario,
                two_of_one: Spread::of(multiples),
            });
        }
    }
    Ok(rows)
}

/// Returns calls per second of so many threads.
fn calls(
    shared: &Shared,
    scenario: Scenario,
    threads: usize,
    turn: Duration,
    peer: &Peer,
) -> Result<f64> {
    let barrier = &Barrier::new(threads);
    let counts: Vec<Result<u32>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || {
                    let mut subject = shared()?;
                    for _ in 0..100 {
                        subject.call(scenario);
                    }
                    barrier.wait();
                    let (start, mut count) = (Instant::now(), 0);
                    while start.elapsed() < turn {
                        for _ in 0..16 {
                            subject.call(scenario);
                        }
                        count += 16;
                    }
                    Ok(count)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| {
            let ended = thread.join().map_err(|_| anyhow!("{} panicked", peer.name));
            ended.and_then(|counted| counted)
        });
        joined.collect()
    });
    let mut total = 0.0;
    for count in counts {
        total += f64::from(count?);
    }
    Ok(total / turn.as_secs_f64())
}
