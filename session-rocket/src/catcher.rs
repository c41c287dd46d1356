use std::io::Cursor;

use rocket::catcher::{BoxFuture, Catcher};
use rocket::http::Status;
use rocket::{Build, Request, Response, Rocket};
use session_core::{ErrorPage, Policy, SessionError};

use crate::headers::ResponseHeaders;
use crate::slot::Attached;

/// The answer for the client, if a guard of this request failed because its store did.
struct Outage(Option<Answer>);

/// A failure's status and body.
pub(crate) struct Answer(Status, ErrorPage);

impl Answer {
    /// Tells the observer of the fairing that is named `M`, and has the failure rendered.
    pub(crate) fn new<M: 'static>(request: &Request<'_>, error: &SessionError) -> Self {
        let failure = error.failure();
        let accept = request.headers().get_one("Accept").unwrap_or_default();
        let page = match Attached::<M>::to(request.rocket()) {
            Ok(sessions) => sessions.policy().refuse(&failure, accept),
            Err(_) => Policy::default().refuse(&failure, accept),
        };
        Self(Status::new(failure.status()), page)
    }

    /// Keeps the answer to a guard's failure for the catcher.
    pub(crate) fn note(self, request: &Request<'_>) {
        if self.0.code == 503 {
            request.local_cache(|| Outage(Some(self)));
        }
    }

    pub(crate) fn respond<'r>(&self) -> Response<'r> {
        let body = self.1.clone().into_body();
        let mut response = Response::build();
        response
            .status(self.0)
            .sized_body(body.len(), Cursor::new(body));
        let mut response = response.finalize();
        self.1.apply(&mut ResponseHeaders(&mut response));
        response
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
            Some(answer) => Ok(answer.respond()),
            None => Catcher::default().handler.handle(status, request).await,
        }
    })
}
