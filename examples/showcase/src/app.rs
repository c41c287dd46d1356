use std::sync::Arc;
use std::time::Duration;

use session_core::{Session, Sessions};

use crate::args::Args;
use crate::refusal::Refusal;
use crate::request::Knobs;
use crate::route::Route;
use crate::users::Users;
use crate::{Access, Answer, Request, api, forms};

/// The application behind the routes of every server.
#[derive(Debug, Clone)]
pub struct App {
    server: &'static str,
    sessions: Sessions,
    second: Option<Sessions>,
    users: Users,
    idle: Duration,
}

impl App {
    /// Opens the store and combines it with the policies of the command line.
    pub(crate) async fn open(server: &'static str, args: &Args) -> Result<Self, Refusal> {
        let policy = args.policy().map_err(Refusal::Flag)?;
        let second = args.second_policy(&policy).map_err(Refusal::Flag)?;
        let settings = args.settings().map_err(Refusal::Flag)?;
        let users = args.store.users(&settings).map_err(Refusal::Open)?;
        let store = args.store.open(&settings).await.map_err(Refusal::Open)?;
        Ok(Self {
            server,
            second: second.map(|policy| Sessions::shared(policy, Arc::clone(&store))),
            sessions: Sessions::shared(policy, store),
            users,
            idle: args.idle(),
        })
    }

    /// Returns the sessions, for the framework's layer.
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns the sessions of a second cookie, for another layer around the same routes; `None`
    /// without `--second`.
    #[must_use]
    pub fn second(&self) -> Option<&Sessions> {
        self.second.as_ref()
    }

    pub(crate) fn server(&self) -> &'static str {
        self.server
    }

    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    /// Answers one request; it has a second session if [`second`](Self::second) is `Some`.
    ///
    /// # Panics
    ///
    /// `POST /api/panic` panics, to show that a panic saves nothing.
    pub async fn respond<V: Access>(
        &self,
        request: Request<'_>,
        access: &V,
        second: Option<&V>,
    ) -> Answer {
        let answer = match *request.segments() {
            [""] => forms::page(self, request, access).await,
            ["healthz"] => self.health(request, access).await,
            ["form", ref rest @ ..] => forms::submit(self, request, rest, access).await,
            ["api", "untouched"] if request.verb() == "GET" => Ok(Answer::empty(204)),
            ["api", ref rest @ ..] => self.api(request, rest, access).await,
            ["second", "api", ref rest @ ..] if let Some(second) = second => {
                self.api(request, rest, second).await
            }
            ["both", "data", name] if let Some(second) = second => {
                api::put_both(request, name, access, second).await
            }
            _ => Err(Answer::error(404, "not found")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    async fn api(
        &self,
        request: Request<'_>,
        rest: &[&str],
        access: &impl Access,
    ) -> Result<Answer, Answer> {
        let route = Route::find(request.verb(), rest)?;
        let knobs = request.knobs()?;
        let outcome = api::act(self, route, request, knobs, access).await;
        let mut answer = outcome.unwrap_or_else(|refusal| refusal);
        if let Some(status) = knobs.status
            && answer.status != 503
        {
            answer.status = status;
        }
        Ok(answer)
    }

    async fn health(&self, request: Request<'_>, access: &impl Access) -> Result<Answer, Answer> {
        if request.verb() != "GET" {
            return Err(Answer::not_allowed("GET, HEAD"));
        }
        access.check().await?;
        Ok(Answer::json(200, &serde_json::json!({ "store": "ok" })))
    }
}

/// Opens the session, then waits for the query's delay.
pub(crate) async fn open(access: &impl Access, knobs: Knobs) -> Result<Session, Answer> {
    let session = access.open().await?;
    if !knobs.delay.is_zero() {
        access.wait(knobs.delay).await;
    }
    Ok(session)
}
