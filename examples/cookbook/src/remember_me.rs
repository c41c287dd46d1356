//! "Remember me": the box decides how long this session lives, and whether its cookie outlives the browser.
//!
//! The lifetime is the session's own and is stored with it, so the server keeps it too. On actix-web and Rocket: `guest_actix.rs`,
//! `guest_rocket.rs`.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use serde::Deserialize;
use session_axum::{Expiry, Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;

#[derive(Deserialize)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) remember: Option<String>, // browsers send `on`, or nothing
}

pub(crate) fn lifetime(remember: Option<&str>) -> Expiry {
    match remember {
        Some(_) => Expiry::After(Duration::from_secs(30 * 24 * 3600)), // of inactivity
        None => Expiry::Policy,
    }
}

async fn login(
    State(accounts): State<Accounts>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<StatusCode, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(StatusCode::UNAUTHORIZED);
    };
    session.sign_in(sign_in)?;
    session.set_expiry(lifetime(form.remember.as_deref()))?;
    Ok(StatusCode::NO_CONTENT)
}

/// How long the session of whoever is signed in will live.
async fn left(_: User<Accounts>, session: Session) -> String {
    match session.expires_in() {
        _ if session.is_until_browser_close() => "until the browser closes".to_owned(),
        Some(left) => format!("{} days", left.as_secs().div_ceil(24 * 3600)),
        None => "no session".to_owned(),
    }
}

pub fn app() -> Result<Router, BoxError> {
    let policy = Policy::builder()
        .insecure() // for plain http on your own machine
        .until_browser_close()
        .idle(Duration::from_secs(2 * 3600)) // the server's limit, since browsers may never close
        .build()?;
    let sessions = Sessions::new(policy, MemoryStore::new());
    Ok(Router::new()
        .route("/login", post(login))
        .route("/", get(left))
        .with_state(Accounts::new()?)
        .layer(SessionLayer::new(sessions)))
}
