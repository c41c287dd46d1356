use std::ops::Deref;

use super::drive::RequestSession;
use super::handle::Handle;

/// A value of a handler's, in a framework that catches panics and goes on to the response; for adapters.
///
/// If a panic drops it, the request's session is closed without a commit: unwinding drops what is in
/// scope before the framework makes an error of the panic.
///
/// ```
/// use session_core::{Policy, Sessions, Watched};
/// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
///
/// let request = sessions.open([]);
/// let session = pollster::block_on(request.handle().load()).unwrap();
/// let watched = Watched(session.clone());
/// let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
///     watched.insert("k", 1).unwrap();
///     panic!("in a handler");
/// }));
/// assert!(panicked.is_err() && session.insert("late", 1).is_err());
/// ```
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "an adapter makes it")]
pub struct Watched<T: OfRequest>(pub T);

/// What belongs to a request: a [`RequestSession`], a [`Handle`].
pub trait OfRequest: sealed::Sealed {}

impl OfRequest for RequestSession {}
impl OfRequest for Handle {}

mod sealed {
    use crate::{Handle, RequestSession};

    pub trait Sealed {
        /// Closes the session and commits nothing.
        fn abandon(&self);
    }

    impl Sealed for RequestSession {
        fn abandon(&self) {
            self.abandon_request();
        }
    }

    impl Sealed for Handle {
        fn abandon(&self) {
            self.0.abandon();
        }
    }
}

impl<T: OfRequest> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: OfRequest> Drop for Watched<T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
    }
}
