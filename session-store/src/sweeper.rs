use std::fmt;
use std::time::Duration;

use session_core::Sessions;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// A background task that frees expired sessions, as [`Sessions::sweep_every`] does.
///
/// Dropping the sweeper ends the task at its next wait; [`stop`](Self::stop) lets it finish the
/// current batch.
///
/// ```
/// use session_core::{Policy, Sessions};
/// # use session_testkit::ModelStore as MemoryStore;
/// use session_store::Sweeper;
/// use std::time::Duration;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sessions = Sessions::new(Policy::default(), MemoryStore::new());
/// let sweeper = Sweeper::start(&sessions, Duration::from_secs(60));
/// // Serve; and when the server has shut down:
/// sweeper.stop().await;
/// # }
/// ```
#[must_use = "a sweeper that is dropped sweeps no more"]
pub struct Sweeper {
    /// The task ends when this is dropped.
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Sweeper {
    /// Starts the task on the current tokio runtime; it uses the policy's clock.
    ///
    /// An interval below one second counts as one second.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, or in one without time.
    pub fn start(sessions: &Sessions, every: Duration) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let sessions = sessions.clone();
        let task = async move {
            let stopped = async { _ = stopped.await };
            sessions.sweep_every(every, sleep, stopped).await;
        };
        Self {
            stop: Some(stop),
            task: tokio::spawn(task),
        }
    }

    /// Ends the task after the current batch.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "the session sweeper failed");
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sweeper")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use session_core::{Clock, Command, ManualClock, Policy, Store as _};
    use session_testkit::{FaultyStore, ModelStore, SpyStore, key_of, moment_at, record_of};

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    struct Setting {
        model: ModelStore,
        faulty: FaultyStore,
        spy: SpyStore,
        clock: Arc<ManualClock>,
        sessions: Sessions,
    }

    /// A store with this many sessions, which end at second 100.
    async fn setting(sessions: u64) -> Setting {
        let model = ModelStore::new();
        for number in 0..sessions {
            let (key, record) = (&key_of(number), &record_of(1));
            let insert = Command::Insert { key, record };
            model.write(insert, moment_at(0)).await.unwrap();
        }
        let faulty = FaultyStore::new(model.clone());
        let spy = SpyStore::new(faulty.clone());
        let clock = Arc::new(ManualClock::new(moment_at(0)));
        let policy = Policy::builder().clock(Arc::clone(&clock)).build().unwrap();
        Setting {
            sessions: Sessions::new(policy, spy.clone()),
            model,
            faulty,
            spy,
            clock,
        }
    }

    /// Moves the clock in steps, so that each rest ends in its turn.
    async fn pass(time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < end {
            tokio::time::advance(Duration::from_millis(50)).await;
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn expired_sessions_are_freed_in_batches() {
        let setting = setting(2_500).await;
        let sweeper = Sweeper::start(&setting.sessions, MINUTE);
        pass(MINUTE / 2).await;
        assert_eq!((setting.model.len(), setting.spy.take().sweep), (2_500, 1));
        setting.clock.advance(Duration::from_secs(100));
        pass(MINUTE).await;
        assert_eq!((setting.model.len(), setting.spy.take().sweep), (0, 9));
        sweeper.stop().await;
        pass(MINUTE * 10).await;
        assert_eq!(setting.spy.calls().total(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_survived() {
        let setting = setting(10).await;
        setting.clock.advance(Duration::from_secs(100));
        setting.faulty.go_down();
        let sweeper = Sweeper::start(&setting.sessions, MINUTE);
        pass(MINUTE * 3 + MINUTE / 2).await;
        // One attempt an interval.
        assert_eq!((setting.model.len(), setting.spy.calls().sweep), (10, 4));
        setting.faulty.come_up();
        pass(MINUTE).await;
        assert!(setting.model.is_empty());
        sweeper.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_runs_hot() {
        let setting = setting(0).await;
        let sweeper = Sweeper::start(&setting.sessions, Duration::ZERO);
        pass(Duration::from_millis(9_500)).await;
        assert_eq!(setting.spy.calls().sweep, 10);
        sweeper.stop().await;
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_waits_for_the_batch_under_way_and_begins_no_other() {
        let setting = setting(2_500).await;
        setting.clock.advance(Duration::from_secs(100));
        let gate = setting.faulty.pause_before(1);
        let sweeper = Sweeper::start(&setting.sessions, MINUTE);
        gate.reached().await;
        let stopping = tokio::spawn(sweeper.stop());
        tokio::task::yield_now().await;
        assert!(!stopping.is_finished());
        gate.open();
        stopping.await.unwrap();
        assert_eq!(setting.model.len(), 2_499);
        assert_eq!(setting.clock.now(), moment_at(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_sweeper_sweeps_no_more() {
        let setting = setting(0).await;
        drop(Sweeper::start(&setting.sessions, MINUTE));
        pass(MINUTE * 10).await;
        assert!(setting.spy.calls().sweep <= 1);
    }
}
