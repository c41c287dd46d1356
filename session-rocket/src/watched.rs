use std::ops::Deref;
use std::sync::Weak;

use session_core::Request;

/// What a guard hands out. If a panic drops it, the session is closed without a commit.
///
/// Rocket catches panics and answers them like errors, so the response fairing runs; but by then
/// the unwinding has dropped the guards that were in scope. A handler may keep this for longer than
/// its request lives.
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
