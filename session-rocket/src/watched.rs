use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

use session_core::{CommitError, Handle, Reply, Request};

/// A request's session, between its guards and the fairing, which alone ends it.
#[derive(Debug)]
pub(crate) struct Guarded {
    request: Request,
    /// What a request that has panicked has to say.
    abandoned: OnceLock<Reply>,
}

impl Guarded {
    pub(crate) fn new(request: Request) -> Arc<Self> {
        let abandoned = OnceLock::new();
        Arc::new(Self { request, abandoned })
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.request.handle()
    }

    pub(crate) fn watch<T>(self: &Arc<Self>, inner: T) -> Watched<T> {
        let guarded = Arc::downgrade(self);
        Watched { inner, guarded }
    }

    pub(crate) async fn commit(&self, status: u16) -> Result<Reply, CommitError> {
        match self.abandoned.get() {
            Some(reply) => Ok(reply.clone()),
            None => self.request.commit(status).await,
        }
    }
}

/// What a guard hands out. If a panic drops it, the session is closed without a commit.
///
/// Rocket catches panics and answers them like errors, so the response fairing runs; but by then
/// the unwinding has dropped the guards that were in scope.
#[derive(Debug, Clone)]
pub(crate) struct Watched<T> {
    inner: T,
    /// A handler may keep this for longer than the request lives.
    guarded: Weak<Guarded>,
}

impl<T> Deref for Watched<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(guarded) = self.guarded.upgrade()
        {
            let reply = guarded.request.abandon();
            // The first guard that is dropped has it; to the others the request is closed already.
            let _ = guarded.abandoned.set(reply);
        }
    }
}
