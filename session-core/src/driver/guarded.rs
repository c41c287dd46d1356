use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::drive::Finish;
use crate::{CommitError, Reply, Request};

/// What an adapter makes of an inner service's outcome; see [`Guarded`].
pub trait Answers<T> {
    /// The framework's response, or its error.
    type Answer;

    /// Returns the response's status; `None` if there is no response, and so nothing to commit.
    fn status(outcome: &T) -> Option<u16>;

    /// Puts the reply on the outcome, or on the answer to an error in its place.
    fn answer(guard: &Request, outcome: T, committed: Result<Reply, CommitError>) -> Self::Answer;
}

pin_project! {
    /// An inner service's future, after which the request is finished; for adapters of frameworks that poll.
    ///
    /// It allocates only if there is something to commit. Dropped before the response's head is ready, because the
    /// handler panicked or the client went away, it commits nothing.
    ///
    /// ```
    /// use session_core::{Answers, CommitError, Guarded, Policy, Reply, Request, Sessions};
    /// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
    ///
    /// struct Statuses;
    ///
    /// impl Answers<u16> for Statuses {
    ///     type Answer = (u16, Reply);
    ///
    ///     fn status(status: &u16) -> Option<u16> {
    ///         Some(*status)
    ///     }
    ///
    ///     fn answer(_: &Request, status: u16, committed: Result<Reply, CommitError>) -> (u16, Reply) {
    ///         match committed {
    ///             Ok(reply) => (status, reply),
    ///             Err(failed) => (failed.error().status(), failed.into_parts().1),
    ///         }
    ///     }
    /// }
    ///
    /// let request = sessions.open([]);
    /// let handle = request.handle().clone();
    /// let handler = async move {
    ///     let session = handle.load().await.unwrap();
    ///     session.insert("visits", 1).unwrap();
    ///     200
    /// };
    /// let (status, reply) = pollster::block_on(Guarded::<_, Statuses>::new(request, Box::pin(handler)));
    /// assert!(status == 200 && reply.set_cookie().is_some());
    /// ```
    pub struct Guarded<F, A>
    where
        F: Future,
    {
        guard: Request,
        #[pin]
        state: State<F, F::Output>,
        answers: PhantomData<fn() -> A>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, T> {
        Running {
            #[pin]
            inner: F,
        },
        Committing {
            // `Some` until it has completed.
            outcome: Option<T>,
            commit: Pin<Box<dyn Future<Output = Result<Reply, CommitError>> + Send>>,
        },
        Done,
    }
}

impl<F: Future, A> Guarded<F, A> {
    /// Guards a future.
    #[inline]
    pub fn new(guard: Request, inner: F) -> Self {
        Self {
            guard,
            state: State::Running { inner },
            answers: PhantomData,
        }
    }
}

impl<F: Future, A: Answers<F::Output>> Future for Guarded<F, A> {
    type Output = A::Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<A::Answer> {
        let mut this = self.project();
        let guard: &Request = this.guard;
        if let Projected::Running { inner } = this.state.as_mut().project() {
            let outcome = ready!(inner.poll(context));
            // Requests inside of this one that panicked or were cut off are over before this one is.
            this.state.set(State::Done);
            let committed = match A::status(&outcome).map(|status| guard.finish(status)) {
                None => Ok(Reply::default()),
                Some(Ok(Finish::Done(reply))) => Ok(reply),
                Some(Err(failed)) => Err(failed),
                Some(Ok(Finish::Pending(pending))) => {
                    let (outcome, commit) = (Some(outcome), Box::pin(pending.run()));
                    this.state.set(State::Committing { outcome, commit });
                    return Self::commit(guard, this.state, context);
                }
            };
            return Poll::Ready(A::answer(guard, outcome, committed));
        }
        Self::commit(guard, this.state, context)
    }
}

impl<F: Future, A: Answers<F::Output>> Guarded<F, A> {
    fn commit(
        guard: &Request,
        mut state: Pin<&mut State<F, F::Output>>,
        context: &mut Context<'_>,
    ) -> Poll<A::Answer> {
        let Projected::Committing { outcome, commit } = state.as_mut().project() else {
            return Poll::Pending;
        };
        let committed = ready!(commit.as_mut().poll(context));
        let outcome = outcome.take();
        state.set(State::Done);
        outcome.map_or(Poll::Pending, |outcome| {
            Poll::Ready(A::answer(guard, outcome, committed))
        })
    }
}

impl<F: Future, A> fmt::Debug for Guarded<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guarded({:?})", self.guard)
    }
}
