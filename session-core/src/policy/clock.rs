use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use crate::policy::lifetime::signed;
use crate::port::moment::{LAST, from_seconds, utc};

/// A source of time.
///
/// The async driver reads it once a step; the deciding functions take `now` as an argument.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the present moment. With an offset, it is turned into UTC where it is read.
    fn now(&self) -> OffsetDateTime;
}

/// The system's wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has no fields")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place that reads the clock"
        )]
        let now = SystemTime::now();
        // `OffsetDateTime::now_utc` panics if the system's clock is set beyond the year 9999.
        match now.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => moment_after_1970(since),
            Err(before) => OffsetDateTime::UNIX_EPOCH.saturating_sub(signed(before.duration())),
        }
    }
}

fn moment_after_1970(since: Duration) -> OffsetDateTime {
    let seconds = i64::try_from(since.as_secs()).ok();
    let moment = seconds.and_then(|seconds| from_seconds(seconds, since.subsec_nanos()));
    moment.unwrap_or(LAST)
}

/// A clock that stands still until it is moved.
///
/// ```
/// use std::time::Duration;
///
/// use session_core::time::OffsetDateTime;
/// use session_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new(OffsetDateTime::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(10));
/// assert_eq!(clock.now().unix_timestamp(), 10);
/// clock.set_back(Duration::from_secs(3));
/// assert_eq!(clock.now().unix_timestamp(), 7);
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<OffsetDateTime>);

impl ManualClock {
    /// Creates a clock that shows `start`, in UTC.
    #[must_use]
    pub fn new(start: OffsetDateTime) -> Self {
        Self(Mutex::new(utc(start)))
    }

    /// Moves the clock forward, at most to the end of the year 9999.
    pub fn advance(&self, by: Duration) {
        self.change(|now| now.saturating_add(signed(by)));
    }

    /// Moves the clock back, as when a server's clock was wrong.
    pub fn set_back(&self, by: Duration) {
        self.change(|now| now.saturating_sub(signed(by)));
    }

    fn change(&self, to: impl FnOnce(OffsetDateTime) -> OffsetDateTime) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = to(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> OffsetDateTime {
        (**self).now()
    }
}
