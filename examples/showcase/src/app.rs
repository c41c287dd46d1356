use session_core::{Handle, Session, Sessions};

use crate::request::Knobs;
use crate::{Answer, Request, api, forms};

/// The application: what the routes of every server do.
#[derive(Debug, Clone)]
pub struct App {
    server: &'static str,
    sessions: Sessions,
    idle: time::Duration,
}

impl App {
    pub(crate) fn new(server: &'static str, sessions: Sessions, idle: time::Duration) -> Self {
        Self {
            server,
            sessions,
            idle,
        }
    }

    /// Returns the sessions, for the framework's layer.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) fn server(&self) -> &'static str {
        self.server
    }

    pub(crate) fn idle(&self) -> time::Duration {
        self.idle
    }

    /// Answers one request.
    ///
    /// # Panics
    ///
    /// `POST /api/panic` does, to show that nothing is saved then.
    pub async fn respond(&self, request: Request<'_>, handle: &Handle) -> Answer {
        let answer = match *request.segments() {
            [""] => forms::page(self, request, handle).await,
            ["healthz"] => self.health(request).await,
            ["form", ref rest @ ..] => forms::submit(self, request, rest, handle).await,
            ["api", "untouched"] if request.verb() == "GET" => Ok(Answer::empty(204)),
            ["api", ref rest @ ..] => self.api(request, rest, handle).await,
            _ => Err(Answer::error(404, "not found")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    async fn api(
        &self,
        request: Request<'_>,
        rest: &[&str],
        handle: &Handle,
    ) -> Result<Answer, Answer> {
        let route = api::Route::find(request.verb(), rest)?;
        let knobs = request.knobs()?;
        let outcome = api::act(self, route, request, knobs, handle).await;
        let mut answer = outcome.unwrap_or_else(|refusal| refusal);
        if let Some(status) = knobs.status
            && answer.status != 503
        {
            answer.status = status;
        }
        Ok(answer)
    }

    async fn health(&self, request: Request<'_>) -> Result<Answer, Answer> {
        if request.verb() != "GET" {
            return Err(Answer::error(405, "method not allowed"));
        }
        match self.sessions.store().check().await {
            Ok(()) => Ok(Answer::json(200, &serde_json::json!({ "store": "ok" }))),
            Err(error) => Err(session_core::SessionError::Store(error).into()),
        }
    }
}

/// Opens the session, then waits as long as the query asks for.
pub(crate) async fn open(handle: &Handle, knobs: Knobs) -> Result<Session, Answer> {
    let session = handle.load().await?;
    if !knobs.delay.is_zero() {
        tokio::time::sleep(knobs.delay).await;
    }
    Ok(session)
}
