use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use super::pace::Pace;
use super::sessions::Sessions;
use crate::{Moment, StoreError};

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
        let now = || self.policy().now();
        let skew = self.policy().clock_skew;
        let batch = |now: Moment, limit| self.store().sweep(now.saturating_sub(skew), limit);
        sweep_in_batches(interval, now, batch, pause, stop).await;
    }
}

/// Removes what is over in small batches with rests in between, at once and then once an interval,
/// until `stop` is ready.
///
/// It is for a store that removes by itself; an application has [`Sessions::sweep_every`], whose laws
/// are these. `batch` gets the moment by `now` and the most it may remove, and returns how many it
/// has removed; the margin for clocks that differ is its own. Fewer than the most end the round, as an error does.
///
/// ```
/// use std::time::Duration;
///
/// use session_core::{Moment, sweep_in_batches};
///
/// let removed = std::cell::Cell::new(0);
/// let batch = |_now, most: usize| {
///     removed.set(removed.get() + most.min(1));
///     async { Ok(0) }
/// };
/// let sleep = |_| std::future::pending(); // in place of your runtime's
/// let now = || Moment::UNIX_EPOCH;
/// pollster::block_on(sweep_in_batches(Duration::from_secs(60), now, batch, sleep, async {}));
/// assert_eq!(removed.get(), 1);
/// ```
pub async fn sweep_in_batches<B, S>(
    interval: Duration,
    now: impl Fn() -> Moment,
    batch: impl Fn(Moment, usize) -> B,
    pause: impl Fn(Duration) -> S,
    stop: impl Future<Output = ()>,
) where
    B: Future<Output = Result<usize, StoreError>>,
    S: Future<Output = ()>,
{
    let interval = interval.max(SHORTEST);
    let mut stop = pin!(stop);
    let mut pace = Pace::new();
    loop {
        pace.begin();
        let (first, mut swept) = (now(), 0);
        loop {
            let (limit, begun) = (pace.limit(), now());
            match batch(begun, limit).await {
                Ok(count) => {
                    swept += count;
                    // At once: a sweep may last for hours, and its end may be the process's.
                    #[cfg(feature = "metrics")]
                    metrics::counter!(crate::policy::metrics::SWEPT).increment(count as u64);
                    if count < limit {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "can't free expired sessions; the next sweep tries again");
                    break;
                }
            }
            // A clock that is set meanwhile makes one rest too long or too short.
            let ended = now();
            let [took, lasting] = [ended - begun, ended - first].map(time::Duration::unsigned_abs);
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
