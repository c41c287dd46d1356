use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::Sessions;

use crate::Sweeper;

/// How a server frees expired sessions while it runs: every so often, or not at all.
///
/// For adapters that learn of their server's start and end. By default it is once a minute. A clone
/// has the same interval and a task of its own.
///
/// ```
/// use session_core::{Policy, Sessions};
/// # use session_testkit::ModelStore as MemoryStore;
/// use session_store::Sweeping;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sessions = Sessions::new(Policy::default(), MemoryStore::new());
/// let sweeping = Sweeping::every(Duration::from_secs(300));
/// sweeping.start(&sessions);
/// // Serve; and when the server has shut down:
/// sweeping.stop().await;
/// # }
/// ```
#[derive(Debug)]
pub struct Sweeping {
    interval: Option<Duration>,
    /// From start to stop.
    sweeper: Mutex<Option<Sweeper>>,
}

impl Sweeping {
    /// Frees them at the start and then once an interval; one below a second is one second.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self::at(Some(interval))
    }

    /// Frees none, because the store does so itself or something else sweeps it.
    #[must_use]
    pub fn never() -> Self {
        Self::at(None)
    }

    /// Starts the [`Sweeper`], if there is to be one, in place of one that runs already.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, or in one without time.
    pub fn start(&self, sessions: &Sessions) {
        let sweeper = self.interval.map(|every| Sweeper::start(sessions, every));
        *self.sweeper() = sweeper;
    }

    /// Ends it, after the batch that it is at.
    pub async fn stop(&self) {
        let sweeper = self.sweeper().take();
        if let Some(sweeper) = sweeper {
            sweeper.stop().await;
        }
    }

    fn at(interval: Option<Duration>) -> Self {
        Self {
            interval,
            sweeper: Mutex::default(),
        }
    }

    fn sweeper(&self) -> MutexGuard<'_, Option<Sweeper>> {
        self.sweeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Sweeping {
    fn default() -> Self {
        Self::every(Duration::from_mins(1))
    }
}

impl Clone for Sweeping {
    fn clone(&self) -> Self {
        Self::at(self.interval)
    }
}

#[cfg(test)]
mod tests {
    use session_core::Policy;
    use session_testkit::{ModelStore, SpyStore};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn setting() -> (Sessions, SpyStore) {
        let spy = SpyStore::new(ModelStore::new());
        (Sessions::new(Policy::default(), spy.clone()), spy)
    }

    #[tokio::test(start_paused = true)]
    async fn it_lasts_from_start_to_stop() {
        let (sessions, spy) = setting();
        let sweeping = Sweeping::default();
        sweeping.stop().await;
        tokio::time::sleep(MINUTE * 5).await;
        assert_eq!(spy.take().sweep, 0);
        sweeping.start(&sessions);
        tokio::time::sleep(MINUTE * 2 + MINUTE / 2).await;
        assert_eq!(spy.take().sweep, 3);
        sweeping.stop().await;
        tokio::time::sleep(MINUTE * 5).await;
        assert_eq!(spy.take().sweep, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_start_takes_the_place_of_the_first() {
        let (sessions, spy) = setting();
        let sweeping = Sweeping::every(MINUTE * 2);
        sweeping.start(&sessions);
        tokio::time::sleep(MINUTE).await;
        sweeping.start(&sessions);
        tokio::time::sleep(MINUTE * 2 + MINUTE / 2).await;
        assert_eq!(spy.take().sweep, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clone_has_the_interval_and_a_task_of_its_own() {
        let (sessions, spy) = setting();
        let sweeping = Sweeping::every(MINUTE * 2);
        sweeping.start(&sessions);
        let clone = sweeping.clone();
        sweeping.stop().await;
        let _ = spy.take();
        clone.start(&sessions);
        tokio::time::sleep(MINUTE * 3).await;
        assert_eq!(spy.take().sweep, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn never_is_never() {
        let (sessions, spy) = setting();
        let sweeping = Sweeping::never();
        sweeping.start(&sessions);
        tokio::time::sleep(MINUTE * 5).await;
        sweeping.stop().await;
        assert_eq!(spy.take().sweep, 0);
    }
}
