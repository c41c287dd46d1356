use session_core::{Session, Sessions};

use crate::request::Knobs;
use crate::{Answer, Request, Visit, api, forms};

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
    pub async fn respond(&self, request: Request<'_>, visit: &impl Visit) -> Answer {
        let answer = match *request.segments() {
            [""] => forms::page(self, request, visit).await,
            ["healthz"] => self.health(request, visit).await,
            ["form", ref rest @ ..] => forms::submit(request, rest, visit).await,
            ["api", "untouched"] if request.verb() == "GET" => Ok(Answer::empty(204)),
            ["api", ref rest @ ..] => self.api(request, rest, visit).await,
            _ => Err(Answer::error(404, "not found")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    async fn api(
        &self,
        request: Request<'_>,
        rest: &[&str],
        visit: &impl Visit,
    ) -> Result<Answer, Answer> {
        let route = api::Route::find(request.verb(), rest)?;
        let knobs = request.knobs()?;
        let outcome = api::act(route, request, knobs, visit).await;
        let mut answer = outcome.unwrap_or_else(|refusal| refusal);
        if let Some(status) = knobs.status
            && answer.status != 503
        {
            answer.status = status;
        }
        Ok(answer)
    }

    async fn health(&self, request: Request<'_>, visit: &impl Visit) -> Result<Answer, Answer> {
        if request.verb() != "GET" {
            return Err(Answer::error(405, "method not allowed"));
        }
        visit.check().await?;
        Ok(Answer::json(200, &serde_json::json!({ "store": "ok" })))
    }
}

/// Opens the session, then waits as long as the query asks for.
pub(crate) async fn open(visit: &impl Visit, knobs: Knobs) -> Result<Session, Answer> {
    let session = visit.open().await?;
    if !knobs.delay.is_zero() {
        visit.wait(knobs.delay).await;
    }
    Ok(session)
}
