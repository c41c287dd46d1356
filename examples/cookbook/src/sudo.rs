//! Sudo mode: a sensitive page asks for the password again, unless that was a short while ago.
//!
//! On actix-web and Rocket: `sudo_actix.rs`, `sudo_rocket.rs`.

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use serde::Deserialize;
use session_axum::{Fresh, Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::Next;
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;
use crate::login::login;

const FIVE_MINUTES: u64 = 300;

/// A page: `Fresh` refuses, and the visitor is led to the form and back.
async fn keys(
    _: User<Accounts>,
    fresh: Result<Fresh<FIVE_MINUTES>, Rejection>,
    uri: Uri,
) -> Result<Response, Rejection> {
    match fresh {
        Ok(_) => Ok("your keys".into_response()),
        Err(Rejection(error)) if error.status() == 403 => {
            let next = Next::from_untrusted(&uri.to_string());
            Ok(Redirect::to(&next.after("/confirm")).into_response())
        }
        Err(other) => Err(other), // 401, or an outage
    }
}

/// A route for programs: 401 or 403 by itself.
async fn delete_account(
    _: User<Accounts>,
    Fresh(session): Fresh<FIVE_MINUTES>,
) -> Result<&'static str, Rejection> {
    session.destroy()?;
    Ok("deleted")
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

async fn form() -> Html<&'static str> {
    Html(
        r#"<form method="post"><input name="password" type="password"><button>Go on</button></form>"#,
    )
}

#[derive(Deserialize)]
struct Again {
    password: String,
}

async fn confirm(
    State(accounts): State<Accounts>,
    User(name): User<Accounts>,
    session: Session,
    Query(Wanted { next }): Query<Wanted>,
    Form(Again { password }): Form<Again>,
) -> Result<Response, Rejection> {
    if accounts.check(&name, password).await.is_none() {
        return Ok((StatusCode::UNAUTHORIZED, "wrong password").into_response());
    }
    session.reauthenticate()?; // a new id: a stolen one does not become fresh
    Ok(Redirect::to(next.as_str()).into_response())
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(router(sessions, Accounts::new()?))
}

pub fn router(sessions: Sessions, accounts: Accounts) -> Router {
    Router::new()
        .route("/login", post(login))
        .route("/keys", get(keys))
        .route("/account/delete", post(delete_account))
        .route("/confirm", get(form).post(confirm))
        .with_state(accounts)
        .layer(SessionLayer::new(sessions))
}
