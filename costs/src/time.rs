//! The time of a request.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::table::grouped;
use crate::{Entry, Figures, Scenario, Subject};

/// How long to measure.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "flags")]
pub struct Effort {
    /// How often each subject has its turn in each scenario.
    pub rounds: usize,
    /// How long a turn takes.
    pub turn: Duration,
}

/// Measures nanoseconds per request. The subjects take turns, so that the machine's moods hit all of them; what is
/// above a base is computed within a round.
///
/// # Errors
///
/// A subject can't be made.
pub fn measure(entries: &[Entry], scenarios: &[Scenario], effort: Effort) -> Result<Figures> {
    let mut subjects = Vec::new();
    for entry in entries {
        subjects.push((*entry, entry.subject()?));
    }
    let mut measured = Vec::new();
    for &scenario in scenarios {
        let plays = |entry: &Entry| entry.scenarios().any(|other| other == scenario);
        let mut players: Vec<_> = subjects
            .iter_mut()
            .filter(|(entry, _)| plays(entry))
            .map(|(entry, subject)| {
                let calls = calls_in(&mut **subject, scenario, effort.turn);
                (*entry, subject, calls, Vec::new())
            })
            .collect();
        for round in 0..effort.rounds {
            let count = players.len();
            // Each round begins with another subject, so that none always follows the same one.
            for turn in 0..count {
                let (_, subject, calls, rounds) = &mut players[(turn + round) % count];
                rounds.push(nanoseconds(&mut ***subject, scenario, *calls));
            }
        }
        let done = players.into_iter();
        measured.extend(done.map(|(entry, _, _, rounds)| (entry, scenario, rounds)));
    }
    measured.sort_by_key(|(entry, _, _)| entries.iter().position(|other| other.name == entry.name));
    Ok(Figures::of(&measured))
}

/// Returns the figures as a table: the median, and the middle half.
#[must_use]
pub fn table(figures: &Figures) -> String {
    figures.markdown(|_, spread| {
        let [median, low, high] = [spread.median, spread.low, spread.high].map(grouped);
        format!("{median} ({low}..{high})")
    })
}

/// Warms up, and finds how many calls a turn has.
fn calls_in(subject: &mut dyn Subject, scenario: Scenario, turn: Duration) -> u32 {
    let (start, mut calls) = (Instant::now(), 0_u32);
    while start.elapsed() < turn {
        subject.call(scenario);
        calls += 1;
    }
    calls
}

fn nanoseconds(subject: &mut dyn Subject, scenario: Scenario, calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        std::hint::black_box(subject.call(scenario));
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
}
