use std::io::Cursor;

use rocket::catcher::{BoxFuture, Catcher};
use rocket::http::Status;
use rocket::response::content::RawJson;
use rocket::response::{self, Responder};
use rocket::{Build, Request, Response, Rocket};
use session_core::{ErrorPage, Failure, Policy, SessionError};

use crate::headers::ResponseHeaders;
use crate::slot::Attached;

/// The answer for the client, if a guard of this request failed because its store did.
struct Outage(Option<Answer>);

/// A failure as JSON, or as a page in its place.
pub(crate) struct Answer(Failure, Option<ErrorPage>);

impl Answer {
    /// Tells the observer of the fairing that is named `M`, and has the failure rendered.
    pub(crate) fn new<M: 'static>(request: &Request<'_>, error: &SessionError) -> Self {
        let failure = error.failure();
        let accept = request.headers().get_one("Accept").unwrap_or_default();
        let page = match Attached::<M>::to(request.rocket()) {
            Ok(sessions) => sessions.policy().refuse(&failure, accept),
            Err(_) => Policy::default().refuse(&failure, accept),
        };
        Self(failure, page)
    }

    /// Keeps the answer to a guard's failure for the catcher.
    pub(crate) fn note(self, request: &Request<'_>) {
        if self.0.status() == 503 {
            request.local_cache(|| Outage(Some(self)));
        }
    }

    pub(crate) fn respond<'r>(&self, request: &Request<'_>) -> response::Result<'r> {
        let Self(failure, page) = self;
        let status = Status::new(failure.status());
        let Some(page) = page else {
            return (status, RawJson(failure.json())).respond_to(request);
        };
        let mut response = Response::build().status(status).finalize();
        page.apply(&mut ResponseHeaders(&mut response));
        let body = page.clone().into_body();
        response.set_sized_body(body.len(), Cursor::new(body));
        Ok(response)
    }
}

/// Registers a catcher for 503, unless the application has one.
///
/// The response fairing could not do this: it cannot distinguish a failed guard's response from
/// one that a handler made of the failure.
pub(crate) fn register(rocket: Rocket<Build>) -> Rocket<Build> {
    let is_asked = |catcher: &Catcher| {
        catcher.base.path() == "/" && catcher.code.is_none_or(|code| code == 503)
    };
    if rocket.catchers().any(is_asked) {
        return rocket;
    }
    let mut catcher = Catcher::new(503, answer);
    catcher.name = Some("session outage".into());
    rocket.register("/", vec![catcher])
}

fn answer<'r>(status: Status, request: &'r Request<'_>) -> BoxFuture<'r> {
    Box::pin(async move {
        match &request.local_cache(|| Outage(None)).0 {
            Some(answer) => answer.respond(request),
            None => Catcher::default().handler.handle(status, request).await,
        }
    })
}
