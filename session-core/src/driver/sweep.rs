use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::pace::Pace;
use super::sessions::Sessions;

impl Sessions {
    /// Frees expired sessions, at once and then once an interval, until `stop` is ready.
    ///
    /// It is for a store that does not do so by itself, unlike those of `session-store`. A session
    /// is freed once it has been over for [`clock_skew`](crate::PolicyBuilder::clock_skew): on another
    /// node, whose clock is behind, it may live.
    ///
    /// It goes in small batches with rests in between, so that requests hardly notice however much
    /// has expired, and ends after the batch that it is at. A store that fails is asked again after
    /// the interval. An interval below a second is one second.
    ///
    /// It knows no runtime: `pause` is its way to sleep.
    ///
    /// ```
    /// use session_core::{Policy, Sessions};
    /// use std::time::Duration;
    ///
    /// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
    /// let sleep = |time| {
    ///     assert_eq!(time, Duration::from_secs(60));
    ///     std::future::pending() // in place of your runtime's
    /// };
    /// let stop = async {}; // the end of your server
    /// pollster::block_on(sessions.sweep_every(Duration::from_secs(60), sleep, stop));
    /// ```
    pub async fn sweep_every<S: Future<Output = ()>>(
        &self,
        interval: Duration,
        pause: impl Fn(Duration) -> S,
        stop: impl Future<Output = ()>,
    ) {
        let interval = interval.max(SHORTEST);
        let mut stop = pin!(stop);
        let mut pace = Pace::new();
        loop {
            pace.begin();
            let (first, mut swept) = (self.policy().now(), 0);
            loop {
                let (limit, begun) = (pace.limit(), self.policy().now());
                let over = begun.saturating_sub(self.policy().clock_skew);
                match self.store().sweep(over, limit).await {
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
                let rest = pause(pace.rest_after(took, lasting));
                if either(rest, stop.as_mut()).await.is_break() {
                    return;
                }
            }
            if swept > 0 {
                tracing::debug!(swept, "expired sessions were freed");
            }
            if either(pause(interval), stop.as_mut()).await.is_break() {
                return;
            }
        }
    }
}

/// Waits for a pause, which goes on, or for the stop, which breaks off.
async fn either(
    pause: impl Future<Output = ()>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> ControlFlow<()> {
    let mut pause = pin!(pause);
    let mut has_yielded = false;
    poll_fn(|context| {
        if stop.as_mut().poll(context).is_ready() {
            return Poll::Ready(ControlFlow::Break(()));
        }
        if !has_yielded {
            // However short the pause is, requests get their turn.
            has_yielded = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        pause.as_mut().poll(context).map(ControlFlow::Continue)
    })
    .await
}

const SHORTEST: Duration = Duration::from_secs(1);
