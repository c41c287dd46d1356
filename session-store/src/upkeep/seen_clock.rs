use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use session_core::{Moment, from_micros, to_micros};
use tokio::sync::Notify;

/// The clock of a store's callers, as their latest call showed it.
///
/// A store has no other: each call says what time it is. Between calls it goes on by itself.
#[derive(Debug)]
pub(super) struct SeenClock {
    begun: Instant,
    /// The callers' time when `begun` was, in microseconds; `NONE` before the first call.
    ///
    /// One number, so that a moment and its distance can't be those of two calls.
    origin: AtomicI64,
    seen: Notify,
}

impl SeenClock {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            origin: AtomicI64::new(NONE),
            seen: Notify::new(),
        }
    }

    pub(super) fn see(&self, now: Moment) {
        let origin = to_micros(now).saturating_sub(self.elapsed()).max(NONE + 1);
        let known = self.origin.load(Ordering::Relaxed);
        // Rarely written, so that calls on several processors do not slow each other down.
        if known == NONE || known.abs_diff(origin) > 100_000 {
            self.origin.store(origin, Ordering::Relaxed);
            if known == NONE {
                self.seen.notify_one();
            }
        }
    }

    /// Waits for the first call.
    pub(super) async fn first(&self) {
        self.seen.notified().await;
    }

    pub(super) fn now(&self) -> Moment {
        let micros = self.origin.load(Ordering::Relaxed);
        let now = from_micros(micros.saturating_add(self.elapsed()));
        // Nothing is over at a moment that can't be.
        now.unwrap_or(Moment::UNIX_EPOCH)
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

const NONE: i64 = i64::MIN;
