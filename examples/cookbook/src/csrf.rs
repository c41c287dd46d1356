//! A guard against forms that another site sends in a visitor's name (CSRF), the login form included.
//!
//! Present browsers say where a request comes from. For those that don't, each form has the session's token. A form with files
//! (`multipart/form-data`) is not looked into: those few browsers have to send it by a script, with the token in `X-CSRF-Token`.
//!
//! What the visitor sees of a refusal is the policy's `error_page` (`own_error.rs`), and on Rocket the catcher for 403. On actix-web and
//! Rocket: `shop_actix.rs`, `shop_rocket.rs`; with an admin area, which has a guard of its own: `admin_actix.rs`, `admin_rocket.rs`.

use axum::response::Html;
use axum::routing::{get, post};
use axum::{BoxError, Router};
use session_axum::{Carrier, Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::axum::CsrfLayer;
use session_extras::{Csrf, CsrfToken};
use session_store::MemoryStore;

async fn form(session: Session) -> Result<Html<String>, Rejection> {
    // The first form begins the session; a page without one does not.
    let field = CsrfToken::issue(&session).await?.field();
    Ok(Html(format!(
        r#"<form method="post" action="/order">{field}<button>Order</button></form>"#
    )))
}

async fn order(session: Session) -> Result<String, Rejection> {
    let orders = session.update("orders", |orders: Option<u32>| orders.unwrap_or(0) + 1)?;
    Ok(format!("{orders} orders"))
}

pub fn app() -> Result<Router, BoxError> {
    // Applications with `Authorization: Bearer` are exempt, since browsers attach no token by themselves.
    let policy = Policy::builder()
        .insecure()
        .carrier(Carrier::Both)
        .build()?;
    let sessions = Sessions::new(policy, MemoryStore::new());
    // The addresses by which visitors reach you, also behind a proxy.
    let csrf = Csrf::new(["https://shop.example", "http://127.0.0.1:3000"])?;
    Ok(Router::new()
        .route("/", get(form))
        .route("/order", post(order))
        .layer(CsrfLayer::new(csrf))
        .layer(SessionLayer::new(sessions))) // around the guard, which asks by what the session travels
}
