use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::Moment;
use crate::policy::lifetime::micros;

/// A source of time.
///
/// The async driver reads it once a step; the deciding functions take `now` as an argument.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the present moment.
    fn now(&self) -> Moment;
}

/// The system's wall clock, in UTC.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has no fields")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place that reads the clock"
        )]
        let now = SystemTime::now();
        // Beyond the calendar, where the system's clock may be set, this is the nearest moment.
        match now.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Moment::nearest(micros(since)),
            Err(before) => Moment::UNIX_EPOCH - before.duration(),
        }
    }
}

/// A clock that stands still until it is moved.
///
/// ```
/// use std::time::Duration;
///
/// use session_core::{Clock, ManualClock, Moment};
///
/// let clock = ManualClock::new(Moment::UNIX_EPOCH);
/// clock.advance(Duration::from_secs(10));
/// assert_eq!(clock.now() - Moment::UNIX_EPOCH, Duration::from_secs(10));
/// clock.set_back(Duration::from_secs(3));
/// assert_eq!(clock.now() - Moment::UNIX_EPOCH, Duration::from_secs(7));
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<Moment>);

impl ManualClock {
    /// Creates a clock that shows `start`.
    #[must_use]
    pub fn new(start: impl Into<Moment>) -> Self {
        Self(Mutex::new(start.into()))
    }

    /// Moves the clock forward, at most to the end of the year 9999.
    pub fn advance(&self, by: Duration) {
        self.change(|now| now + by);
    }

    /// Moves the clock back, as when a server's clock was wrong.
    pub fn set_back(&self, by: Duration) {
        self.change(|now| now - by);
    }

    fn change(&self, to: impl FnOnce(Moment) -> Moment) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = to(*now);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }
}
