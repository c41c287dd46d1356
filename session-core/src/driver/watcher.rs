use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::contention::Backing;
use super::drive::RequestSession;
use super::ended::Ended;
use super::turns::{PATIENCE, Turns};
use crate::protocol::watch::Watch;
use crate::{SessionError, StoreError};

/// Looks again and again whether a session has ended.
struct Watcher {
    backing: Arc<Backing>,
    watch: Watch,
    phase: u8,
}

/// What all watchers of an application share.
pub(super) struct Watching {
    turns: Turns,
    phases: AtomicU8,
}

impl RequestSession {
    /// Returns a future that is ready when the session has ended, by whatever node: after a logout, a revocation, the
    /// cap of its owner, a sign-in, or its expiry; for sockets and streams.
    ///
    /// A renewed id does not end it, nor does an outage of the store. Waiting is no activity, so a session that is
    /// used by nothing else expires; let the route that begins to wait [stay idle](crate::Session::stay_idle) too,
    /// since browsers open lost streams again. The future outlives the request; who drops it stops watching.
    ///
    /// It looks every [`PolicyBuilder::watch_every`](crate::PolicyBuilder::watch_every), and sooner if the store
    /// [tells of changes](crate::Store::changed). Behind a cache that is not told, the delay is that time and the
    /// cache's together. Each look is one load, so let an application limit its sockets, and put a listening cache
    /// in front of the store if they are many. The store is asked by at most 16 watchers of a
    /// [`Sessions`](crate::Sessions) at once, for 5 seconds at most each, and more rarely while it fails: once in 1.5 seconds,
    /// if `watch_every` is not longer.
    ///
    /// Where [ids are plain](crate::IdForm::Plain), a new id is another session: it ends this one.
    ///
    /// It knows no runtime: `pause` is its way to sleep. So poll it all the time, also while the socket sends or asks the
    /// session something: a future that stands still in the middle of a look keeps a connection of the store's, and a
    /// place among the 16 for 6 seconds. Or let a task do that ([`Ended::spawned`]), as an adapter's session does, which
    /// has its framework's runtime.
    ///
    /// ```
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # let sleep = |_| std::future::ready(());
    /// # pollster::block_on(async {
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// session.sign_in("ada")?;
    /// session.save().await?;
    /// let ended = session.ended(sleep)?;
    /// sessions.revoke("ada", session_core::Revoke::All).await?;
    /// ended.await;
    /// # Ok::<(), session_core::SessionError>(()) })?;
    /// # Ok::<(), session_core::SessionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no session, a 401, also where a sign-in has left it; it is begun by this request and not stored
    /// ([`SessionError::Unsaved`]); or it is in its cookie, a 501.
    pub fn ended<P, S>(&self, pause: P) -> Result<Ended, SessionError>
    where
        P: Fn(Duration) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        self.check_is_stored()?;
        let backing = &self.sessions().backing;
        let watcher = Watcher {
            backing: Arc::clone(backing),
            watch: self.watch()?,
            phase: backing.watching.phase(),
        };
        Ok(Ended::new(watcher.run(pause)))
    }

    /// Refuses sessions in cookies.
    pub(super) fn check_is_stored(&self) -> Result<(), SessionError> {
        if self.sessions().are_in_cookies() {
            return Err(SessionError::Store(StoreError::unsupported(
                "sessions in cookies are known to their browsers alone; nobody can tell when they end",
            )));
        }
        Ok(())
    }
}

impl Watcher {
    async fn run<S: Future<Output = ()>>(mut self, pause: impl Fn(Duration) -> S) {
        let backing = Arc::clone(&self.backing);
        let period = backing.policy.watch_every();
        let key = *self.watch.key();
        let mut wait = period;
        loop {
            // From here on a change is noticed, so none falls between the look and the wait.
            let mut changed = pin!(backing.store.changed(&key));
            let has_changed = has_come(changed.as_mut()).await;
            match self.look(&pause).await {
                Ok(true) => return,
                Ok(false) => wait = period,
                Err(error) => {
                    tracing::debug!(%error, "can't see whether a session has ended; the next look tries again");
                    wait = (wait * 2).min(LONGEST.max(period));
                }
            }
            // Each write of the visitor's wakes all of the sockets.
            pause(SHORTEST).await;
            if !has_changed {
                let rest = pause(self.spread(wait).saturating_sub(SHORTEST));
                either(rest, changed).await;
            }
        }
    }

    /// Looks once, when it is this watcher's turn.
    async fn look<S: Future<Output = ()>>(
        &mut self,
        pause: &impl Fn(Duration) -> S,
    ) -> Result<bool, StoreError> {
        let Self { backing, watch, .. } = self;
        let _turn = loop {
            if let Some(turn) = backing.watching.turns.take(backing.policy.now()) {
                break turn;
            }
            pause(SHORTEST).await;
        };
        let now = backing.policy.now();
        let found = {
            let mut load = pin!(backing.store.load(watch.key(), watch.secret(), now));
            let mut patience = pin!(pause(PATIENCE));
            let answer = poll_fn(|context| match load.as_mut().poll(context) {
                Poll::Ready(found) => Poll::Ready(found),
                Poll::Pending => patience.as_mut().poll(context).map(|()| Err(too_late())),
            });
            answer.await?
        };
        Ok(watch.has_ended(found, now))
    }

    /// Shortens a wait by up to an eighth, so that watchers that began together, or were woken together, drift apart.
    fn spread(&self, wait: Duration) -> Duration {
        wait.saturating_sub(wait / 8 * u32::from(self.phase) / 256)
    }
}

impl Watching {
    pub(super) fn new() -> Self {
        Self {
            turns: Turns::new(),
            phases: AtomicU8::new(0),
        }
    }

    /// Returns another phase for each watcher, far from those before it: steps of the golden section.
    fn phase(&self) -> u8 {
        self.phases.fetch_add(159, Ordering::Relaxed)
    }
}

fn too_late() -> StoreError {
    StoreError::new("the store has not said within 5 seconds whether a session has ended")
}

/// Says whether a future is ready at once; it is woken later if not.
async fn has_come(mut future: Pin<&mut impl Future<Output = ()>>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

/// Waits for one of the two.
async fn either(one: impl Future<Output = ()>, mut other: Pin<&mut impl Future<Output = ()>>) {
    let mut one = pin!(one);
    poll_fn(|context| {
        if other.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        one.as_mut().poll(context)
    })
    .await;
}

/// The least time between two looks.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest wait between two looks at a store that fails; a logout is told within two seconds of its return.
const LONGEST: Duration = Duration::from_millis(1_500);
