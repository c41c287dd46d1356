use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// An async lock without a value, for the tasks of one request.
///
/// Almost nobody ever waits for it: then it is one exchange to enter and one to leave. All who wait are
/// woken at once.
#[derive(Default)]
pub(super) struct Gate {
    state: AtomicU8,
    /// Those who wait; locked before [`AWAITED`] is set.
    waiting: Mutex<Vec<Waker>>,
}

/// Nobody is inside.
const FREE: u8 = 0;
/// Somebody is inside, and nobody waits.
const TAKEN: u8 = 1;
/// Somebody is inside, and who leaves has others to wake.
const AWAITED: u8 = 2;

/// The right to be inside; it ends when it is dropped.
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Waits until nobody else is inside.
    pub(super) async fn enter(&self) -> Pass<'_> {
        poll_fn(|context| match self.try_enter() {
            Some(pass) => Poll::Ready(pass),
            None => self.wait(context),
        })
        .await
    }

    /// Enters if nobody else is inside.
    pub(super) fn try_enter(&self) -> Option<Pass<'_>> {
        let entered = self
            .state
            .compare_exchange(FREE, TAKEN, Ordering::AcqRel, Ordering::Acquire);
        entered.is_ok().then(|| Pass(self))
    }

    fn wait(&self, context: &Context<'_>) -> Poll<Pass<'_>> {
        let mut waiting = self.waiting();
        // Who leaves an awaited gate takes this lock before it wakes, so it can't miss the waker. Who has
        // left by now has made room: then this one is inside.
        let is_inside = self.state.swap(AWAITED, Ordering::AcqRel) == FREE;
        if !is_inside && !waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        if is_inside {
            Poll::Ready(Pass(self))
        } else {
            Poll::Pending
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.0.state.swap(FREE, Ordering::AcqRel) == AWAITED {
            let wakers = mem::take(&mut *self.0.waiting());
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn one_is_inside_and_the_others_are_woken_when_it_leaves() {
        let gate = Gate::default();
        let woken = [Arc::new(Woken::default()), Arc::new(Woken::default())];
        let wakers = woken.clone().map(Waker::from);
        let [mut one, mut other] = wakers.each_ref().map(Context::from_waker);
        let count = || {
            woken
                .each_ref()
                .map(|woken| woken.0.load(Ordering::Relaxed))
        };

        let inside = gate.try_enter().unwrap();
        assert!(gate.try_enter().is_none());
        let mut second = pin!(gate.enter());
        let third = gate.enter();
        {
            let mut third = pin!(third);
            assert!(second.as_mut().poll(&mut one).is_pending());
            assert!(second.as_mut().poll(&mut one).is_pending());
            assert!(third.as_mut().poll(&mut other).is_pending());
            assert_eq!(count(), [0, 0]);
            drop(inside);
            assert_eq!(count(), [1, 1]);
            // The one that is given up keeps nobody out.
        }
        let Poll::Ready(inside) = second.as_mut().poll(&mut one) else {
            panic!("nobody is inside");
        };
        let mut fourth = pin!(gate.enter());
        assert!(fourth.as_mut().poll(&mut other).is_pending());
        drop(inside);
        assert_eq!(count(), [1, 2]);
        assert!(fourth.as_mut().poll(&mut other).is_ready());
        assert!(gate.try_enter().is_some());
    }
}
