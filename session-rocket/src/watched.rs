use std::ops::Deref;

use session_core::Handle;

/// What a guard hands out. If a panic drops it, the session is closed without a commit.
///
/// Rocket catches panics and answers them like errors, so the response fairing runs; but by then
/// the unwinding has dropped the guards that were in scope.
#[derive(Debug, Clone)]
pub(crate) struct Watched<T>(pub(crate) T, pub(crate) Handle);

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.1.abandon();
        }
    }
}
