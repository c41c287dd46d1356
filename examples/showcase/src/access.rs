use std::future::Future;
use std::time::Duration;

use session_core::{CalmSession, Device, Handle, Page, Policy, Revoke, Session, SessionError};

use crate::Watching;

/// The application's access to the session of one request.
///
/// An async server passes a [`Handle`], which implements it. A server that drives the core by hand
/// implements it itself; if it blocks, its futures are never pending.
pub trait Access: Sync {
    /// Loads the session, once.
    fn open(&self) -> impl Future<Output = Result<Session, SessionError>> + Send;

    /// Loads the session for reading, also while the store is down.
    fn calm(&self) -> impl Future<Output = Result<CalmSession, SessionError>> + Send;

    /// Returns the policy.
    fn policy(&self) -> &Policy;

    /// Destroys the session without loading it.
    fn destroy(&self) -> Result<(), SessionError>;

    /// Commits the opened session before the response.
    fn save(&self) -> impl Future<Output = Result<(), SessionError>> + Send;

    /// Lists a page of an owner's sessions; `None` if it goes on after a session that is not there.
    fn devices(
        &self,
        owner: &str,
        page: &Page,
    ) -> impl Future<Output = Result<Option<Vec<Device>>, SessionError>> + Send;

    /// Revokes sessions of the opened session's owner.
    fn revoke(&self, which: Revoke<'_>)
    -> impl Future<Output = Result<usize, SessionError>> + Send;

    /// Checks the store's health.
    fn check(&self) -> impl Future<Output = Result<(), SessionError>> + Send;

    /// Begins to watch the opened session for its end.
    fn watch(&self) -> impl Future<Output = Result<Watching, SessionError>> + Send;

    /// Waits.
    fn wait(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

impl Access for Handle {
    async fn open(&self) -> Result<Session, SessionError> {
        Ok(Session::clone(&*self.load().await?))
    }

    async fn calm(&self) -> Result<CalmSession, SessionError> {
        self.calm().await
    }

    fn policy(&self) -> &Policy {
        self.sessions().policy()
    }

    fn destroy(&self) -> Result<(), SessionError> {
        self.destroy()
    }

    async fn save(&self) -> Result<(), SessionError> {
        self.load().await?.save().await
    }

    async fn devices(&self, owner: &str, page: &Page) -> Result<Option<Vec<Device>>, SessionError> {
        Ok(self.sessions().devices_of(owner, page).await?)
    }

    async fn revoke(&self, which: Revoke<'_>) -> Result<usize, SessionError> {
        self.load().await?.revoke(which).await
    }

    async fn check(&self) -> Result<(), SessionError> {
        Ok(self.sessions().store().check().await?)
    }

    async fn watch(&self) -> Result<Watching, SessionError> {
        let session = self.load().await?;
        let ended = session.ended(tokio::time::sleep)?;
        // The stream of a client that does not read is not polled.
        let ended = ended.spawned(|task| drop(tokio::spawn(task)));
        Ok(Watching::Waits(ended))
    }

    async fn wait(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
