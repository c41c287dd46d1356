//! The removal of expired sessions, which a store does by itself.

mod careful;
mod seen_clock;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use session_core::{Moment, Store, StoreError, sweep_in_batches};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use self::careful::Careful;
use self::seen_clock::SeenClock;
use crate::home::Home;

/// When a store removes expired sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sweeping {
    pub(crate) every: Option<Duration>,
    pub(crate) margin: Duration,
}

impl Sweeping {
    /// Refuses values that can't be meant.
    pub(crate) fn check(self) -> Result<(), StoreError> {
        if self.every.is_some_and(|every| every < SHORTEST) {
            return Err(StoreError::new(
                "sweep_every: must be a second or more; to remove nothing, call no_sweep",
            ));
        }
        if !(SHORTEST_MARGIN..=LONGEST_MARGIN).contains(&self.margin) {
            return Err(StoreError::new(
                "sweep_margin: must be from 10 seconds to a day; an expired session is kept for as \
                 long",
            ));
        }
        Ok(())
    }
}

impl Default for Sweeping {
    fn default() -> Self {
        Self {
            every: Some(Duration::from_secs(60)),
            margin: Duration::from_secs(300),
        }
    }
}

/// A store whose expired sessions are removed.
pub(crate) trait Swept: Store {
    /// Returns the time by the clock of the database's machine; `None` if that is this one.
    fn time(&self) -> impl Future<Output = Result<Option<Moment>, StoreError>> + Send;
}

/// The task that removes a store's expired sessions; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Upkeep {
    clock: Arc<SeenClock>,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

impl Upkeep {
    /// Starts the task at the store's home; the first sweep comes after the interval.
    pub(crate) fn start<S: Swept>(
        home: &Home,
        store: &Arc<S>,
        Sweeping { every, margin }: Sweeping,
    ) -> Option<Self> {
        let every = every?;
        let clock = Arc::new(SeenClock::new());
        let careful = Careful::new(Arc::clone(store), margin);
        let (stop, mut stopped) = oneshot::channel();
        let seen = Arc::clone(&clock);
        let task = home.spawn(async move {
            let begin = async {
                seen.first().await;
                sleep(every).await;
            };
            tokio::select! {
                () = begin => {}
                _ = &mut stopped => return,
            }
            let stop = async { _ = stopped.await };
            let batch = |now, limit| careful.sweep(now, limit);
            sweep_in_batches(every, || seen.now(), batch, sleep, stop).await;
        });
        let running = Mutex::new(Some((stop, task)));
        Some(Self { clock, running })
    }

    /// Learns the present moment from a call of the store.
    pub(crate) fn see(&self, now: Moment) {
        self.clock.see(now);
    }

    /// Ends the task after the batch that it is at.
    pub(crate) async fn stop(&self) {
        let running = self.running.lock();
        let running = running.unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, task)) = running {
            drop(stop);
            if let Err(error) = task.await
                && error.is_panic()
            {
                tracing::error!(%error, "the removal of expired sessions failed");
            }
        }
    }
}

/// Adds the options of sweeps to a type with a field `sweeping`.
macro_rules! sweep_options {
    () => {
        /// Sets how often expired sessions are removed; once a minute unless this is called.
        ///
        /// The first time comes after this interval, which must be a second or more. Sessions go
        /// in small batches, with rests in between, and several processes may remove them at once.
        /// `close` waits for the batch under way.
        #[must_use]
        pub fn sweep_every(mut self, interval: std::time::Duration) -> Self {
            self.sweeping.every = Some(interval);
            self
        }

        /// Leaves expired sessions in the table, for something else that calls
        /// [`Store::sweep`](session_core::Store::sweep).
        #[must_use]
        pub fn no_sweep(mut self) -> Self {
            self.sweeping.every = None;
            self
        }

        /// Sets how long a session must be over before it is removed; 5 minutes unless this is
        /// called, and from 10 seconds to a day.
        ///
        /// Nobody is served a session that is over; the margin is for clocks that differ. A node
        /// whose clock is ahead by less removes nothing that lives. If this machine's clock and the
        /// database server's differ by more, nothing is removed, and a warning is logged once an
        /// hour.
        #[must_use]
        pub fn sweep_margin(mut self, margin: std::time::Duration) -> Self {
            self.sweeping.margin = margin;
            self
        }
    };
}

pub(crate) use sweep_options;

const SHORTEST: Duration = Duration::from_secs(1);
/// The clocks of machines agree only roughly, and a server's answer comes late.
const SHORTEST_MARGIN: Duration = Duration::from_secs(10);
const LONGEST_MARGIN: Duration = Duration::from_secs(24 * 60 * 60);
