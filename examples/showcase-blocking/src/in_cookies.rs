use std::thread;
use std::time::Duration;

use pollster::block_on;
use session_core::{
    CalmSession, CommitError, Device, Page, Policy, Reply, Request, Revoke, Session, SessionError,
    Sessions,
};
use showcase::{Access, Watching};

use crate::head::Head;
use crate::site::End;

/// One request's session that is in its cookie.
///
/// It has no store, so the async driver waits for nothing, and a blocking server may use it.
pub(crate) struct InCookies(Request);

impl InCookies {
    pub(crate) fn new(sessions: &Sessions, head: &Head) -> Self {
        Self(sessions.open(head.cookies()))
    }
}

impl End for InCookies {
    fn finish(self, status: u16) -> Result<Reply, CommitError> {
        block_on(self.0.commit(status))
    }

    fn abandon(self) -> Reply {
        self.0.abandon();
        block_on(self.0.commit(500)).unwrap_or_default()
    }
}

impl Access for InCookies {
    async fn open(&self) -> Result<Session, SessionError> {
        Access::open(self.0.handle()).await
    }

    async fn calm(&self) -> Result<CalmSession, SessionError> {
        Access::calm(self.0.handle()).await
    }

    fn policy(&self) -> &Policy {
        Access::policy(self.0.handle())
    }

    fn destroy(&self) -> Result<(), SessionError> {
        self.0.handle().destroy()
    }

    async fn save(&self) -> Result<(), SessionError> {
        Access::save(self.0.handle()).await
    }

    async fn devices(&self, owner: &str, page: &Page) -> Result<Option<Vec<Device>>, SessionError> {
        Access::devices(self.0.handle(), owner, page).await
    }

    async fn revoke(&self, which: Revoke<'_>) -> Result<usize, SessionError> {
        Access::revoke(self.0.handle(), which).await
    }

    async fn check(&self) -> Result<(), SessionError> {
        Access::check(self.0.handle()).await
    }

    async fn watch(&self) -> Result<Watching, SessionError> {
        Access::watch(self.0.handle()).await
    }

    async fn wait(&self, time: Duration) {
        thread::sleep(time);
    }
}
