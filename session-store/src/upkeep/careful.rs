use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use session_core::{Clock, Moment, StoreError, SystemClock};

use super::Swept;

/// The sweeps of a store, which remove nothing while the clocks of its machines differ by more than the margin.
pub(super) struct Careful<S> {
    store: Arc<S>,
    margin: Duration,
    compared: Mutex<Compared>,
}

#[derive(Default)]
struct Compared {
    /// When the clocks were last compared, and whether they agreed.
    last: Option<(Instant, bool)>,
    warned: Option<Instant>,
}

impl<S: Swept> Careful<S> {
    pub(super) fn new(store: Arc<S>, margin: Duration) -> Self {
        let compared = Mutex::default();
        Self {
            store,
            margin,
            compared,
        }
    }

    /// Removes at most `limit` sessions that have been over for the margin.
    pub(super) async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        if !self.clocks_agree().await? {
            return Ok(0);
        }
        let over = now.saturating_sub(self.margin.try_into().unwrap_or(time::Duration::MAX));
        self.store.sweep(over, limit).await
    }

    async fn clocks_agree(&self) -> Result<bool, StoreError> {
        let last = self.compared().last;
        if let Some((at, agreed)) = last
            && at.elapsed() < COMPARE
        {
            return Ok(agreed);
        }
        let theirs = self.store.time().await?;
        let apart = theirs.map(|theirs| (theirs - SystemClock.now()).unsigned_abs());
        let agreed = apart.is_none_or(|apart| apart <= self.margin);
        let mut compared = self.compared();
        compared.last = Some((Instant::now(), agreed));
        let is_quiet = compared.warned.is_none_or(|at| at.elapsed() >= WARN);
        if let Some(apart) = apart.filter(|_| !agreed && is_quiet) {
            compared.warned = Some(Instant::now());
            tracing::warn!(
                store = ?self.store,
                seconds = apart.as_secs(),
                "the clocks of this machine and of the database server differ by more than \
                 sweep_margin; expired sessions are not removed until they are set"
            );
        }
        Ok(agreed)
    }

    fn compared(&self) -> std::sync::MutexGuard<'_, Compared> {
        self.compared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a comparison holds: for the batches of one sweep.
const COMPARE: Duration = Duration::from_secs(30);

/// How often the same warning is logged.
const WARN: Duration = Duration::from_secs(60 * 60);
