//! The return from an OAuth or OIDC provider: `state` in the session, taken once.
//!
//! The provider sends the browser back by a link, a cross-site `GET`. With `SameSite=Lax`, the default, the cookie comes along; with `Strict` it does
//! not, and neither does it with `response_mode=form_post`, a cross-site `POST`. The same calls on actix-web and Rocket.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use serde::Deserialize;
use session_axum::session_core::{Entropy, OsEntropy};
use session_axum::{
    Field, Policy, Rejection, SameSite, Session, SessionError, SessionLayer, Sessions,
};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;

const STATE: Field<String> = Field::new("oauth_state");

/// 32 random bytes, as text.
fn random() -> Result<String, SessionError> {
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

async fn start(session: Session) -> Result<Redirect, Rejection> {
    let state = random()?;
    // A verifier for PKCE and a `nonce` for OIDC are kept in the same way.
    STATE.insert(&session, &state)?;
    Ok(Redirect::to(&format!(
        "https://id.example/authorize?client_id=shop&response_type=code&state={state}"
    )))
}

#[derive(Deserialize)]
struct Returned {
    state: String,
    code: String,
}

async fn callback(
    State(accounts): State<Accounts>,
    session: Session,
    Query(returned): Query<Returned>,
) -> Result<Response, Rejection> {
    let started = STATE.take(&session)?;
    // Of two requests with one `state`, only one gets beyond this.
    session.save().await?;
    if started.is_none_or(|state| state != returned.state) {
        // Somebody else's login, or a second use.
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    // … after you have exchanged the code for tokens, checked the `id_token`, and found the account of its `sub`:
    let Some(sign_in) = accounts.sign_in_of(&returned.code) else {
        return Ok(StatusCode::FORBIDDEN.into_response()); // or register it
    };
    session.sign_in(sign_in)?;
    Ok(Redirect::to("/").into_response())
}

async fn home(user: Option<User<Accounts>>) -> String {
    user.map_or("nobody".to_owned(), |User(name)| name)
}

pub fn app() -> Result<Router, BoxError> {
    let policy = Policy::builder()
        .insecure()
        .same_site(SameSite::Lax)
        .build()?;
    Ok(Router::new()
        .route("/", get(home))
        .route("/oauth/start", get(start))
        .route("/oauth/callback", get(callback))
        .with_state(Accounts::new()?)
        .layer(SessionLayer::new(Sessions::new(policy, MemoryStore::new()))))
}
