//! Your own error type: `?` on a session's errors in handlers that return it, and a page for people where the store is down.
//!
//! On actix-web your type implements `ResponseError`, on Rocket `Responder`; the conversion is the same.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use session_axum::{
    ErrorPage, Policy, Rejection, Session, SessionError, SessionLayer, Sessions, Store,
};
use session_store::MemoryStore;

/// Why a handler of this application fails.
#[derive(Debug)]
enum Oops {
    NoSuchItem,
    /// The adapter's response to it: the status, the policy's page, and a word to the observer.
    Session(Rejection),
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        match self {
            Self::NoSuchItem => (StatusCode::NOT_FOUND, "no such item").into_response(),
            Self::Session(rejection) => rejection.into_response(),
        }
    }
}

/// For the methods of the adapter's session.
impl From<Rejection> for Oops {
    fn from(rejection: Rejection) -> Self {
        Self::Session(rejection)
    }
}

/// For code that takes a `&session_core::Session`, such as a `Field`.
impl From<SessionError> for Oops {
    fn from(error: SessionError) -> Self {
        Self::Session(error.into())
    }
}

async fn item(session: Session) -> Result<String, Oops> {
    let item = session.get::<String>("item")?;
    item.ok_or(Oops::NoSuchItem)
}

/// For programs JSON, for people a page; a 503 also where the session could not be loaded before the handler.
fn page(policy: session_axum::PolicyBuilder) -> session_axum::PolicyBuilder {
    policy.error_page(|failure, accept| {
        if accept.contains("text/html") {
            ErrorPage::html(format!(
                "<h1>Please try again in a minute</h1><p>{}</p>",
                failure.reason()
            ))
        } else {
            ErrorPage::json(failure.json())
        }
    })
}

pub fn app() -> Result<Router, BoxError> {
    on(MemoryStore::new())
}

pub fn on(store: impl Store) -> Result<Router, BoxError> {
    let policy = page(Policy::builder().insecure()).build()?;
    Ok(Router::new()
        .route("/", get(item))
        .route(
            "/choose",
            axum::routing::post(async |session: Session| session.insert("item", "tea")),
        )
        .layer(SessionLayer::new(Sessions::new(policy, store))))
}
