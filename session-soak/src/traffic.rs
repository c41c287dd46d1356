use std::sync::atomic::{AtomicU64, Ordering};

use crate::wire::{Outcome, TOO_SLOW};

/// Counts requests and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    served: AtomicU64,
    unavailable: AtomicU64,
    /// Of those, the ones that began and ended without a trouble.
    unexcused: AtomicU64,
    unanswered: AtomicU64,
    not_sent: AtomicU64,
}

/// A reading of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) served: u64,
    pub(crate) unavailable: u64,
    pub(crate) unexcused: u64,
    pub(crate) unanswered: u64,
    pub(crate) not_sent: u64,
}

impl Traffic {
    pub(crate) fn add(&self, outcome: &Outcome, is_excused: bool) {
        let add = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        add(&self.sent);
        match outcome {
            Outcome::Answered(response) if response.status == 503 => {
                add(&self.unavailable);
                if !is_excused {
                    add(&self.unexcused);
                }
            }
            Outcome::Answered(response) if response.status == TOO_SLOW => {
                add(&self.unanswered);
            }
            Outcome::Answered(_) => {
                add(&self.served);
            }
            Outcome::NotSent => {
                add(&self.not_sent);
            }
            Outcome::Unanswered(_) => {
                add(&self.unanswered);
            }
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            requests: count(&self.sent),
            served: count(&self.served),
            unavailable: count(&self.unavailable),
            unexcused: count(&self.unexcused),
            unanswered: count(&self.unanswered),
            not_sent: count(&self.not_sent),
        }
    }
}
