use std::time::Duration;

use session_core::{Session, Sessions};
use tokio::sync::watch;

use crate::args::Args;
use crate::ending::{self, Streams};
use crate::panel::Panels;
use crate::refusal::Refusal;
use crate::request::Knobs;
use crate::route::Route;
use crate::users::Users;
use crate::{Access, Answer, Request, api, forms, origin, show};

/// The application behind the routes of every server.
#[derive(Debug, Clone)]
pub struct App {
    server: &'static str,
    sessions: Sessions,
    second: Option<Sessions>,
    users: Users,
    streams: Streams,
    panels: Panels,
    idle: Duration,
}

impl App {
    /// Opens the store and combines it with the policies of the command line.
    pub(crate) async fn open(server: &'static str, args: &Args) -> Result<Self, Refusal> {
        let policy = args.policy().map_err(Refusal::Flag)?;
        let second = args.second_policy(&policy).map_err(Refusal::Flag)?;
        let settings = args.settings().map_err(Refusal::Flag)?;
        let users = args.store.users(&settings).map_err(Refusal::Open)?;
        let opened = args.store.sessions(&settings, policy, second).await;
        let (sessions, second) = opened.map_err(Refusal::Open)?;
        Ok(Self {
            server,
            second,
            sessions,
            users,
            streams: Streams::new(),
            panels: Panels::default(),
            idle: args.idle(),
        })
    }

    /// Takes other sessions than those of the command line, for tests with a store, a clock or an observer of their own.
    #[must_use]
    pub fn on(mut self, sessions: Sessions) -> Self {
        self.sessions = sessions;
        self
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

    /// Closes open streams once the process is asked to stop.
    pub(crate) fn until(mut self, stop: watch::Receiver<bool>) -> Self {
        self.streams.until(stop);
        self
    }

    pub(crate) fn server(&self) -> &'static str {
        self.server
    }

    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    pub(crate) fn panels(&self) -> &Panels {
        &self.panels
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
        if let Err(refusal) = origin::check(&request) {
            return refusal;
        }
        let answer = match *request.segments() {
            [""] => outage_for(request, show::page(self, request, access).await),
            ["healthz"] => self.health(request, access).await,
            ["form", ref rest @ ..] => {
                outage_for(request, forms::submit(self, request, rest, access).await)
            }
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
        if matches!(route, Route::Ended) {
            return ending::begin(&self.streams, request, access).await;
        }
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
    if knobs.consent {
        session.consent();
    }
    wait(access, knobs).await;
    Ok(session)
}

/// Waits for the query's delay.
pub(crate) async fn wait(access: &impl Access, knobs: Knobs) {
    if !knobs.delay.is_zero() {
        access.wait(knobs.delay).await;
    }
}

/// What is for people is a page for them also where the store is down.
fn outage_for(request: Request<'_>, answer: Result<Answer, Answer>) -> Result<Answer, Answer> {
    answer.map_err(|refusal| refusal.for_whom(request.accept))
}
