use std::ops::Deref;
use std::sync::Weak;

use crate::Request;

/// A value of a handler's, in a framework that catches panics and goes on to the response; for adapters.
///
/// If a panic drops it, the request's session is closed without a commit: unwinding drops what is in
/// scope before the framework makes an error of the panic. The reference is weak, because a handler's
/// value may outlive its request.
///
/// ```
/// use session_core::{Policy, Sessions, Watched};
/// use std::sync::Arc;
/// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
///
/// let request = Arc::new(sessions.open([]));
/// let session = pollster::block_on(request.handle().load()).unwrap();
/// let watched = Watched(session.clone(), Arc::downgrade(&request));
/// let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
///     watched.insert("k", 1).unwrap();
///     panic!("in a handler");
/// }));
/// assert!(panicked.is_err() && session.insert("late", 1).is_err());
/// ```
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "an adapter makes it")]
pub struct Watched<T>(pub T, pub Weak<Request>);

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
