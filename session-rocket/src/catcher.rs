use std::sync::OnceLock;

use rocket::catcher::{self, Catcher, Handler};
use rocket::http::Status;
use rocket::{Build, Request, Rocket, async_trait};

use crate::rejection::{Rejection, opaque};

/// Answers the 503 of an application that has no catcher for it.
///
/// A catcher and not the response fairing, which could not tell a failed guard's response from
/// one that a handler made of the failure.
#[derive(Clone)]
pub(crate) struct OutageCatcher;

impl OutageCatcher {
    /// Registers it where the application, as far as it is built, has none that would be asked.
    pub(crate) fn register(rocket: Rocket<Build>) -> Rocket<Build> {
        let asked = |catcher: &Catcher| {
            catcher.base.path() == "/" && catcher.code.is_none_or(|code| code == 503)
        };
        if rocket.catchers().any(asked) {
            return rocket;
        }
        let mut catcher = Catcher::new(503, Self);
        catcher.name = Some("session outage".into());
        rocket.register("/", vec![catcher])
    }
}

#[async_trait]
impl Handler for OutageCatcher {
    async fn handle<'r>(&self, status: Status, request: &'r Request<'_>) -> catcher::Result<'r> {
        match Outage::of(request).0.get() {
            Some(json) => Ok(opaque(status, json)),
            None => Catcher::default().handler.handle(status, request).await,
        }
    }
}

/// What to tell the client, if a guard of this request has failed because a store did.
#[derive(Default)]
pub(crate) struct Outage(OnceLock<&'static str>);

impl Outage {
    pub(crate) fn note(request: &Request<'_>, rejection: &Rejection) {
        if rejection.status() == Status::ServiceUnavailable {
            let _ = Self::of(request).0.set(rejection.error().public_json());
        }
    }

    fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }
}
