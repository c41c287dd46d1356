use rocket::catcher::{BoxFuture, Catcher};
use rocket::http::Status;
use rocket::response::Responder;
use rocket::response::content::RawJson;
use rocket::{Build, Request, Rocket};

/// The answer for the client, if a guard of this request failed because its store did.
struct Outage(Option<&'static str>);

/// Remembers the answer to a guard's failure.
pub(crate) fn note(request: &Request<'_>, status: u16, json: &'static str) {
    if status == 503 {
        request.local_cache(|| Outage(Some(json)));
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
    match request.local_cache(|| Outage(None)).0 {
        Some(json) => Box::pin(async move { (status, RawJson(json)).respond_to(request) }),
        None => Box::pin(async move { Catcher::default().handler.handle(status, request).await }),
    }
}
