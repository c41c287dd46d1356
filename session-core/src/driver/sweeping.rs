use std::sync::Arc;
use std::time::Duration;

use async_lock::Mutex;

use super::sessions::Sessions;

/// How a server frees expired sessions while it runs: every so often, or not at all.
///
/// For adapters that learn of their server's start and end. By default it is once a minute. A clone
/// has the same interval and a run of its own.
///
/// ```
/// use session_core::{Policy, Sessions, Sweeping};
/// use std::time::Duration;
///
/// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
/// let sweeping = Sweeping::every(Duration::from_secs(300));
/// let sleep = |time| std::future::pending(); // in place of your runtime's
/// let run = sweeping.run(sessions, sleep, async {});
/// # let spawn = |run| pollster::block_on(run);
/// spawn(run);
/// pollster::block_on(sweeping.ended());
/// ```
#[derive(Debug)]
pub struct Sweeping {
    interval: Option<Duration>,
    /// Locked during a run.
    running: Arc<Mutex<()>>,
}

impl Sweeping {
    /// Frees them as [`Sessions::sweep_every`] does.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self::at(Some(interval))
    }

    /// Frees none, because the store does so itself or something else sweeps it.
    #[must_use]
    pub fn never() -> Self {
        Self::at(None)
    }

    /// Returns the task to run beside the server, until `stop` is ready.
    pub fn run<S, F, E>(
        &self,
        sessions: Sessions,
        pause: F,
        stop: E,
    ) -> impl Future<Output = ()> + use<S, F, E>
    where
        S: Future<Output = ()>,
        F: Fn(Duration) -> S,
        E: Future<Output = ()>,
    {
        let (interval, running) = (self.interval, self.running.try_lock_arc());
        async move {
            let _running = running;
            if let Some(interval) = interval {
                sessions.sweep_every(interval, pause, stop).await;
            }
        }
    }

    /// Waits for the end of a run: once it is to stop, for the batch that it is at.
    pub async fn ended(&self) {
        drop(self.running.lock().await);
    }

    fn at(interval: Option<Duration>) -> Self {
        let running = Arc::default();
        Self { interval, running }
    }
}

impl Default for Sweeping {
    fn default() -> Self {
        Self::every(Duration::from_secs(60))
    }
}

impl Clone for Sweeping {
    fn clone(&self) -> Self {
        Self::at(self.interval)
    }
}
