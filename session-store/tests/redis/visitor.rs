use session_core::{Finish, Handle, Policy, Session, SessionError, Sessions, Store};

/// A browser, which sends the id that it was given last.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    sessions: Sessions,
    pub(crate) id: String,
}

impl Visitor {
    pub(crate) fn new(store: impl Store) -> Self {
        Self::with_id(store, "")
    }

    pub(crate) fn with_id(store: impl Store, id: &str) -> Self {
        Self {
            sessions: Sessions::new(Policy::default(), store),
            id: id.to_owned(),
        }
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Makes a request whose handler does that to the session.
    pub(crate) async fn visit(
        &mut self,
        act: impl FnOnce(&Session) -> Result<(), SessionError>,
    ) -> Result<(), SessionError> {
        let handle = self.handle();
        act(&handle.load().await?)?;
        self.finish(&handle).await
    }

    /// Asks for something that has nothing to do with the session.
    pub(crate) async fn pass_by(&mut self) -> Result<(), SessionError> {
        self.finish(&self.handle()).await
    }

    pub(crate) async fn log_out(&mut self) -> Result<(), SessionError> {
        let handle = self.handle();
        handle.destroy()?;
        self.finish(&handle).await
    }

    /// Counts a visit.
    pub(crate) async fn count(&mut self) -> Result<(), SessionError> {
        let up = |n: Option<u32>| n.unwrap_or(0) + 1;
        self.visit(|session| session.update("n", up).map(drop))
            .await
    }

    /// Returns how many visits were counted; none without a session.
    pub(crate) async fn counted(&mut self) -> Result<Option<u32>, SessionError> {
        let session = self.handle().load().await?;
        session.get("n")
    }

    fn handle(&self) -> Handle {
        let cookie = format!("__Host-session={}", self.id);
        self.sessions.open([cookie.as_bytes()])
    }

    async fn finish(&mut self, handle: &Handle) -> Result<(), SessionError> {
        let reply = match handle.finish(200)? {
            Finish::Done(reply) => reply,
            Finish::Pending(pending) => pending.run().await?,
        };
        if let Some(cookie) = reply.set_cookie() {
            let (_, rest) = cookie.split_once('=').unwrap();
            let (id, _) = rest.split_once(';').unwrap();
            id.clone_into(&mut self.id);
        }
        Ok(())
    }
}
