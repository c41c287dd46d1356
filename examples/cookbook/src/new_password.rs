//! A new password: the present one is asked for, all other devices are signed out at once, and this one stays.
//!
//! `User<Accounts>` ends the sessions of the old password by itself, but each only when it asks for a page. A thief with an open socket
//! need never ask; so `revoke_others`, which ends the sockets too. The same calls on actix-web and Rocket.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use serde::Deserialize;
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::axum::{CsrfLayer, User};
use session_extras::{Csrf, CsrfToken};
use session_store::MemoryStore;

use crate::accounts::Accounts;
use crate::login::login;

async fn form(_: User<Accounts>, session: Session) -> Result<Html<String>, Rejection> {
    let token = CsrfToken::issue(&session).await?.field();
    Ok(Html(format!(
        r#"<form method="post">{token}<input name="present" type="password" autocomplete="current-password">
        <input name="new" type="password" autocomplete="new-password"><button>Change</button></form>"#
    )))
}

#[derive(Deserialize)]
struct Change {
    present: String,
    new: String,
}

async fn change(
    State(accounts): State<Accounts>,
    User(name): User<Accounts>,
    session: Session,
    Form(Change { present, new }): Form<Change>,
) -> Result<Response, Rejection> {
    if accounts.check(&name, present).await.is_none() {
        return Ok((StatusCode::UNAUTHORIZED, "wrong password").into_response());
    }
    if new.chars().count() < 8 {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, "too short").into_response());
    }
    // First the password: after that nobody signs in with the old one. If the rest fails, `User` still ends what is left.
    let Some(sign_in) = accounts.change(&name, new).await else {
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    let ended = session.revoke_others().await?;
    session.sign_in(sign_in)?; // with the new stamp, and a new id
    Ok(format!("changed; {ended} other devices are signed out").into_response())
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    on(sessions, Accounts::new()?)
}

pub fn on(sessions: Sessions, accounts: Accounts) -> Result<Router, BoxError> {
    Ok(Router::new()
        .route("/login", post(login))
        .route("/password", get(form).post(change))
        .with_state(accounts)
        .layer(CsrfLayer::new(Csrf::new(["http://127.0.0.1:3000"])?))
        .layer(SessionLayer::new(sessions)))
}
