//! The allocations of a request.

use anyhow::Result;

use crate::table::grouped;
use crate::{Entry, Figures};

/// Counts of a request.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "whoever counts makes it")]
pub struct Counted {
    /// Allocations, with those of blocks that grow.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The figures of all subjects.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub struct Allocations {
    /// Allocations per request.
    pub count: Figures,
    /// Bytes allocated per request.
    pub bytes: Figures,
    /// Bytes of `Set-Cookie` headers.
    pub set_cookie: Figures,
}

/// Counts the allocations of each scenario: the median of many requests, so that a table that grows once in a while
/// changes nothing.
///
/// `count` runs a closure and returns what it has allocated on this thread.
///
/// # Errors
///
/// A subject can't be made.
pub fn measure(
    entries: &[Entry],
    count: impl Fn(&mut dyn FnMut()) -> Counted,
) -> Result<Allocations> {
    let [mut counts, mut bytes, mut set_cookies] = [const { Vec::new() }; 3];
    for entry in entries {
        let mut subject = entry.subject()?;
        for scenario in entry.scenarios() {
            let mut set_cookie = 0;
            for _ in 0..REQUESTS {
                set_cookie = subject.call(scenario).set_cookie;
            }
            let counted: Vec<Counted> = (0..REQUESTS)
                .map(|_| count(&mut || drop(subject.call(scenario))))
                .collect();
            let of = |field: fn(&Counted) -> u64| median(counted.iter().map(field));
            counts.push((*entry, scenario, vec![of(|counted| counted.count)]));
            bytes.push((*entry, scenario, vec![of(|counted| counted.bytes)]));
            #[allow(clippy::cast_precision_loss, reason = "a header is short")]
            set_cookies.push((*entry, scenario, vec![set_cookie as f64]));
        }
    }
    Ok(Allocations {
        count: Figures::of(&counts),
        bytes: Figures::of(&bytes),
        set_cookie: Figures::of(&set_cookies),
    })
}

/// Returns figures as a table of whole numbers.
#[must_use]
pub fn table(figures: &Figures) -> String {
    figures.markdown(|_, spread| grouped(spread.median))
}

#[allow(clippy::cast_precision_loss, reason = "counts of one request")]
fn median(counts: impl Iterator<Item = u64>) -> f64 {
    let mut sorted: Vec<_> = counts.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default() as f64
}

const REQUESTS: usize = 201;
