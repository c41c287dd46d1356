//! Login with a password (argon2), and the way back to the page that asked for it.
//!
//! The session keeps a stamp of the password's hash: with another password, the sessions of the old one are over.
//!
//! On actix-web and Rocket it is the same `Accounts` (`accounts.rs`) and another `User`: see `shop_actix.rs` and `shop_rocket.rs`.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use serde::Deserialize;
use session_axum::{Policy, Rejection, Session, SessionHandle, SessionLayer, Sessions};
use session_extras::axum::{CsrfLayer, User};
use session_extras::{Csrf, CsrfToken, Next};
use session_store::MemoryStore;

use crate::accounts::{Accounts, Login};

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

async fn form(
    session: Session,
    Query(Wanted { next }): Query<Wanted>,
) -> Result<Html<String>, Rejection> {
    let token = CsrfToken::issue(&session).await?.field();
    let next = next.as_str().replace('&', "&amp;"); // it has no quotes and no `<`; other texts need `escape` of `flash.rs`
    Ok(Html(format!(
        r#"<form method="post">{token}<input type="hidden" name="next" value="{next}">
        <input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

pub(crate) async fn login(
    State(accounts): State<Accounts>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<Response, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok((StatusCode::UNAUTHORIZED, "wrong name or password").into_response());
    };
    session.sign_in(sign_in)?; // a new id, so that one that was planted opens nothing
    Ok(Redirect::to(form.next.as_str()).into_response())
}

pub fn app() -> Result<Router, BoxError> {
    Ok(Router::new()
        .route("/login", get(form).post(login))
        .route(
            "/orders",
            get(async |User(name): User<Accounts>| format!("{name}'s orders")),
        )
        .route(
            "/logout",
            post(async |session: SessionHandle| session.destroy()),
        )
        .with_state(Accounts::new()?)
        .layer(CsrfLayer::new(Csrf::new(["http://127.0.0.1:3000"])?))
        .layer(SessionLayer::new(Sessions::new(
            Policy::development(),
            MemoryStore::new(),
        ))))
}
