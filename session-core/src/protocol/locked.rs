use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::data::Witness;
use super::state::State;

/// The session's state under its lock. What a look at its values has brought to light is told when the lock is open
/// again, because observers are foreign: they may use the session.
pub(crate) struct Locked<'a> {
    // Dropped in this order.
    state: MutexGuard<'a, State>,
    untold: Untold,
}

/// What is told when it is dropped.
struct Untold(Option<Box<Witness>>);

impl<'a> Locked<'a> {
    #[inline]
    pub(crate) fn of(state: &'a Mutex<State>) -> Self {
        // Nothing panics while it holds the lock; if something did, the state is whole all the same.
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = Untold(None);
        Self { state, untold }
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    #[inline]
    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.state.data.is_corrupt() {
            self.untold.0 = self.state.data.untold().map(Box::new);
        }
    }
}

impl Drop for Untold {
    #[inline]
    fn drop(&mut self) {
        if let Some(witness) = self.0.take() {
            witness.tell();
        }
    }
}
