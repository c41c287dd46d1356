use std::ops::ControlFlow;
use std::time::Duration;

use super::pace::Pace;
use super::sessions::Sessions;

impl Sessions {
    /// Frees expired sessions, at once and then once an interval, until `wait` breaks off.
    ///
    /// It goes in small batches with rests in between, so that requests hardly notice however much
    /// has expired. A store that fails is asked again after the interval. An interval below a
    /// second is one second.
    ///
    /// It knows no runtime: `wait` is given a time to wait, and says whether to go on. However short
    /// that is, other tasks should get their turn.
    ///
    /// ```
    /// use session_core::{Policy, Sessions};
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    ///
    /// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
    /// let mut waits = 0;
    /// let sweeps = sessions.sweep_every(Duration::from_secs(60), |time| {
    ///     assert_eq!(time, Duration::from_secs(60));
    ///     waits += 1;
    ///     let is_over = waits == 3;
    ///     // Here stands your runtime's timer, or the end of your server.
    ///     async move { if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) } }
    /// });
    /// pollster::block_on(sweeps);
    /// assert_eq!(waits, 3);
    /// ```
    pub async fn sweep_every<W>(&self, interval: Duration, mut wait: impl FnMut(Duration) -> W)
    where
        W: Future<Output = ControlFlow<()>>,
    {
        let interval = interval.max(SHORTEST);
        let mut pace = Pace::new();
        loop {
            pace.begin();
            let (first, mut swept) = (self.policy().now(), 0);
            loop {
                let (limit, begun) = (pace.limit(), self.policy().now());
                match self.store().sweep(begun, limit).await {
                    Ok(batch) if batch == limit => swept += batch,
                    Ok(batch) => {
                        swept += batch;
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "can't free expired sessions; the next sweep tries again");
                        break;
                    }
                }
                // A clock that is set meanwhile makes one rest too long or too short.
                let now = self.policy().now();
                let [took, lasting] = [now - begun, now - first].map(time::Duration::unsigned_abs);
                if wait(pace.rest_after(took, lasting)).await.is_break() {
                    return;
                }
            }
            if swept > 0 {
                tracing::debug!(swept, "expired sessions were freed");
            }
            if wait(interval).await.is_break() {
                return;
            }
        }
    }
}

const SHORTEST: Duration = Duration::from_secs(1);
