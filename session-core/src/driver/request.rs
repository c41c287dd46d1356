use std::ops::Deref;

use crate::Handle;

/// A handle that is [abandoned](Handle::abandon) when this is dropped, unless it was finished.
///
/// What an adapter holds for as long as the request runs: a panic, or a client that has gone away,
/// drops it and commits nothing.
///
/// ```
/// use session_core::{Policy, SessionError, Sessions, Unfinished};
/// # let sessions = Sessions::new(Policy::default(), session_testkit::ModelStore::new());
///
/// let request = Unfinished::from(sessions.open([]));
/// let session = pollster::block_on(request.load())?;
/// drop(request);
/// assert!(matches!(session.insert("late", 1), Err(SessionError::Closed)));
/// # Ok::<(), SessionError>(())
/// ```
#[derive(Debug)]
#[must_use = "a handle that is not kept is abandoned"]
pub struct Unfinished(Handle);

impl From<Handle> for Unfinished {
    fn from(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Deref for Unfinished {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A finished one has nothing left to give up.
        self.0.abandon();
    }
}
