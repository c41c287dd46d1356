//! A confirmation after a form: set, kept over the redirect, shown once.
//!
//! On actix-web and Rocket: `shop_actix.rs`, `shop_rocket.rs`. Rocket's own `FlashMessage` keeps one message in a cookie; where that is enough, use it.

use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use serde::Deserialize;
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::Flash;
use session_store::MemoryStore;

#[derive(Deserialize)]
struct Address {
    street: String,
}

async fn save(session: Session, Form(address): Form<Address>) -> Result<Redirect, Rejection> {
    let flash = if address.street.trim().is_empty() {
        Flash::error("A street is missing; nothing was saved.")
    } else {
        Flash::success(format!("Your address in {} was saved.", address.street))
    };
    flash.set(&session)?;
    Ok(Redirect::to("/")) // a 303, so a reload does not send the form again
}

async fn page(session: Session) -> Result<Html<String>, Rejection> {
    // Only pages that show messages take them; a page without any writes nothing.
    let messages = Flash::take(&session).await?;
    let lines = messages.iter().map(|Flash { level, text, .. }| {
        let (class, text) = (level.name(), escape(text));
        format!("<p class=\"{class}\">{text}</p>\n")
    });
    Ok(Html(lines.collect()))
}

/// Texts that visitors have written are no HTML. Most template languages do it by themselves.
fn escape(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    escaped.replace('"', "&quot;").replace('\'', "&#39;")
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(Router::new()
        .route("/", get(page))
        .route("/address", post(save))
        .layer(SessionLayer::new(sessions)))
}
