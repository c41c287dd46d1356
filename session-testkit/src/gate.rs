use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A gate at which a call waits until a test opens it; clones are the same gate.
///
/// See [`FaultyStore::pause_before`](crate::FaultyStore::pause_before) for an example.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    reached: bool,
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// Waits until a call has reached the gate.
    pub async fn reached(&self) {
        self.until(|state| state.reached).await;
    }

    /// Opens the gate for the call, which may come later.
    pub fn open(&self) {
        self.change(|state| state.open = true);
    }

    pub(crate) async fn pass(&self) {
        self.change(|state| state.reached = true);
        self.until(|state| state.open).await;
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waiting = {
            let mut state = self.state();
            change(&mut state);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.state();
            if holds(&state) {
                return Poll::Ready(());
            }
            state.waiting.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
