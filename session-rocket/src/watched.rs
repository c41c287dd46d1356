use std::ops::Deref;
use std::sync::Weak;

use session_core::Request;

/// The value of a guard. If a panic drops it, the session is closed without a commit.
///
/// Rocket catches panics and treats them as errors, so the response fairing runs; but unwinding
/// has dropped the guards in scope before. The reference is weak, because a handler's value may
/// outlive its request.
#[derive(Debug, Clone)]
pub(crate) struct Watched<T>(pub(crate) T, pub(crate) Weak<Request>);

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(guarded) = self.1.upgrade()
        {
            guarded.abandon();
        }
    }
}
