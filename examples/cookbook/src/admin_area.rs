//! An admin area with a cookie, a login and a CSRF guard of its own, apart from the visitors' sessions; `admins.rs` says who may enter.
//!
//! On actix-web and Rocket: `admin_actix.rs`, `admin_rocket.rs`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use session_axum::{Rejection, Session, SessionHandle, SessionLayer, Sessions};
use session_extras::axum::{CsrfLayer, User};
use session_extras::{Csrf, CsrfToken};

use crate::accounts::Login;
use crate::admins::{Admin, Admins, both};

async fn form(admin: Session<Admin>) -> Result<Html<String>, Rejection> {
    let token = CsrfToken::issue(&admin).await?.field(); // of the session whose guard asks for it
    Ok(Html(format!(
        r#"<form method="post">{token}<input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

async fn login(
    State(admins): State<Admins>,
    admin: Session<Admin>,
    Form(form): Form<Login>,
) -> Result<Response, Rejection> {
    let Some(sign_in) = admins.check(&form.name, form.password).await else {
        return Ok((StatusCode::UNAUTHORIZED, "wrong name or password").into_response());
    };
    admin.sign_in(sign_in)?;
    Ok(Redirect::to("/admin/report").into_response())
}

// Without an administrator: `Admins::LOGIN`.
async fn report(User(name): User<Admins>) -> String {
    format!("{name} may see this")
}

async fn shop(session: Session) -> Result<String, Rejection> {
    session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1)?;
    let owner = session.owner();
    Ok(owner.map_or("a visitor".to_owned(), |name| name.to_string()))
}

pub fn app() -> Result<Router, BoxError> {
    on(both()?, Admins::new()?)
}

pub fn on((visitors, admins): (Sessions, Sessions), users: Admins) -> Result<Router, BoxError> {
    let csrf = Csrf::new(["http://127.0.0.1:3000"])?;
    let area = Router::new()
        .route("/login", get(form).post(login))
        .route("/report", get(report))
        .route(
            "/logout",
            post(async |admin: SessionHandle<Admin>| admin.destroy()),
        )
        .with_state(users)
        // A guard for each session that travels by cookie, around the routes that use it.
        .layer(CsrfLayer::new(csrf.clone()).named::<Admin>())
        .layer(SessionLayer::new(admins).named::<Admin>());
    Ok(Router::new()
        .route("/", get(shop))
        .layer(CsrfLayer::new(csrf)) // and not around the area, whose forms have the token of the other session
        .nest("/admin", area)
        .layer(SessionLayer::new(visitors)))
}
