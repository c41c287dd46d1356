use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The wait for a session's end, which outlives the request; see [`RequestSession::ended`](crate::RequestSession::ended).
///
/// Poll it all the time, beside what the socket does and not in turn with it: by one `select!` of the two around the
/// whole. An adapter's session has it [spawned](Self::spawned).
#[must_use = "a wait that is dropped notices nothing"]
pub struct Ended(Task);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the wait and the task that looks for it share.
#[derive(Default)]
struct Link(Mutex<State>);

#[derive(Default)]
struct State {
    stage: Stage,
    waiting: Option<Waker>,
    looking: Option<Waker>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Watching,
    Ended,
    /// Nobody waits any more.
    Left,
}

/// The waiting end of a link.
struct Waiting(Arc<Link>);

impl Ended {
    pub(super) fn new(wait: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(wait))
    }

    /// Lets a task of the runtime's look at the store, and returns a wait that need not be polled all the time.
    ///
    /// A future that is not polled stands still, perhaps in the middle of a look, and keeps what the store has given it:
    /// a connection, without which others wait. `spawn` is the runtime's. The task ends with the session, or when the
    /// returned wait is dropped. If a runtime stops it, or a store of one's own panics in it, the wait has no end: close
    /// the socket by other means then.
    ///
    /// ```
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # let sleep = |_| std::future::ready(());
    /// # fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    /// #     std::thread::spawn(|| pollster::block_on(task));
    /// # }
    /// # pollster::block_on(async {
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// # session.sign_in("ada")?;
    /// # session.save().await?;
    /// let ended = session.ended(sleep)?.spawned(|task| spawn(task));
    /// sessions.revoke("ada", session_core::Revoke::All).await?;
    /// ended.await;
    /// # Ok::<(), session_core::SessionError>(()) })?;
    /// # Ok::<(), session_core::SessionError>(())
    /// ```
    pub fn spawned(self, spawn: impl FnOnce(Pin<Box<dyn Future<Output = ()> + Send>>)) -> Self {
        let link = Arc::new(Link::default());
        spawn(Box::pin(Link::run(Arc::clone(&link), self.0)));
        Self::new(Waiting(link))
    }
}

impl Link {
    /// Looks until the session has ended or nobody waits for that.
    async fn run(self: Arc<Self>, mut look: Task) {
        let has_ended = poll_fn(|context| {
            {
                let mut state = self.state();
                if state.stage == Stage::Left {
                    return Poll::Ready(false);
                }
                state.looking = Some(context.waker().clone());
            }
            look.as_mut().poll(context).map(|()| true)
        });
        if has_ended.await {
            let waiting = {
                let mut state = self.state();
                state.stage = Stage::Ended;
                state.waiting.take()
            };
            waiting.into_iter().for_each(Waker::wake);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state();
        if state.stage == Stage::Ended {
            return Poll::Ready(());
        }
        state.waiting = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let looking = {
            let mut state = self.0.state();
            if state.stage == Stage::Watching {
                state.stage = Stage::Left;
            }
            state.looking.take()
        };
        looking.into_iter().for_each(Waker::wake);
    }
}

impl Future for Ended {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ended")
    }
}
