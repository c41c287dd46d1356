use std::sync::Arc;

use session_core::{Session, Sessions};

use crate::args::Args;
use crate::refusal::Refusal;
use crate::request::Knobs;
use crate::route::Route;
use crate::{Answer, Request, Visit, api, forms};

/// The application: what the routes of every server do.
#[derive(Debug, Clone)]
pub struct App {
    server: &'static str,
    sessions: Sessions,
    second: Option<Sessions>,
    idle: time::Duration,
}

impl App {
    /// Opens the store and joins it with the policies that the command line describes.
    pub(crate) async fn open(server: &'static str, args: &Args) -> Result<Self, Refusal> {
        let policy = args.policy().map_err(Refusal::Flag)?;
        let second = args.second_policy(&policy).map_err(Refusal::Flag)?;
        let store = args.store.open().await.map_err(Refusal::Open)?;
        Ok(Self {
            server,
            second: second.map(|policy| Sessions::shared(policy, Arc::clone(&store))),
            sessions: Sessions::shared(policy, store),
            idle: args.idle(),
        })
    }

    /// Returns the sessions, for the framework's layer.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns the sessions of a second cookie, for another layer around the same routes; none
    /// unless `--second` asks for them.
    #[must_use]
    pub fn second(&self) -> Option<&Sessions> {
        self.second.as_ref()
    }

    pub(crate) fn server(&self) -> &'static str {
        self.server
    }

    pub(crate) fn idle(&self) -> time::Duration {
        self.idle
    }

    /// Answers one request, whose second session is there if [`second`](Self::second) is.
    ///
    /// # Panics
    ///
    /// `POST /api/panic` does, to show that nothing is saved then.
    pub async fn respond<V: Visit>(
        &self,
        request: Request<'_>,
        visit: &V,
        second: Option<&V>,
    ) -> Answer {
        let answer = match *request.segments() {
            [""] => forms::page(self, request, visit).await,
            ["healthz"] => self.health(request, visit).await,
            ["form", ref rest @ ..] => forms::submit(request, rest, visit).await,
            ["api", "untouched"] if request.verb() == "GET" => Ok(Answer::empty(204)),
            ["api", ref rest @ ..] => self.api(request, rest, visit).await,
            ["second", "api", ref rest @ ..] if let Some(second) = second => {
                self.api(request, rest, second).await
            }
            ["both", "data", name] if let Some(second) = second => {
                api::put_both(request, name, visit, second).await
            }
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
        let route = Route::find(request.verb(), rest)?;
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
            return Err(Answer::not_allowed("GET, HEAD"));
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
