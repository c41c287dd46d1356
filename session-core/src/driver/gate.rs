use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// An async lock without a value, for the tasks of one request.
///
/// Almost nobody ever waits for it, so it owns no memory until somebody does. All who wait are woken at once.
#[derive(Default)]
pub(super) struct Gate(Mutex<Option<Vec<Waker>>>);

/// The right to be inside; it ends when it is dropped.
pub(super) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Waits until nobody else is inside.
    pub(super) async fn enter(&self) -> Pass<'_> {
        poll_fn(|context| {
            let mut waiting = self.waiting();
            match &mut *waiting {
                None => {
                    *waiting = Some(Vec::new());
                    Poll::Ready(Pass(self))
                }
                Some(wakers) => {
                    if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                        wakers.push(context.waker().clone());
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Enters if nobody else is inside.
    pub(super) fn try_enter(&self) -> Option<Pass<'_>> {
        let mut waiting = self.waiting();
        if waiting.is_some() {
            return None;
        }
        *waiting = Some(Vec::new());
        Some(Pass(self))
    }

    /// `None` if nobody is inside.
    fn waiting(&self) -> MutexGuard<'_, Option<Vec<Waker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let wakers = self.0.waiting().take();
        if let Some(wakers) = wakers.filter(|wakers| !wakers.is_empty()) {
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
