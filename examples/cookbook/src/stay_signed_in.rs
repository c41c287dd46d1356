//! "You will be signed out in 2 minutes": the page asks what is left, which is no activity, and its button asks to stay.
//!
//! The same calls on actix-web and Rocket, where `Remaining` is JSON too; but there `Option<User>` is `None` in an outage as well, and the page
//! would ask for a login: ask for the session and write `accounts.of(&session).await?`. (WCAG 2.2.1, "Timing Adjustable".)

use std::time::Duration;

use axum::response::Html;
use axum::routing::{get, post};
use axum::{BoxError, Json, Router};
use session_axum::{Policy, PolicyBuilder, Remaining, Session, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;
use crate::login::login;

async fn page(user: Option<User<Accounts>>) -> Html<&'static str> {
    Html(if user.is_some() { PAGE } else { FORM })
}

const FORM: &str = r#"<form method="post" action="/login">
<input name="name"><input name="password" type="password"><button>Log in</button></form>"#;

const PAGE: &str = r#"<p>Welcome.</p>
<p id="warning" role="alert" hidden>You will be signed out soon. <button>Stay signed in</button></p>
<script>
const warning = document.getElementById("warning");
async function look() {
  try {
    const answer = await fetch("/remaining", { cache: "no-store" });
    if (!answer.ok) return setTimeout(look, 10_000); // an outage says nothing about the session
    const { seconds } = await answer.json();
    if (seconds === null) return location.reload();
    warning.hidden = seconds > 120;
    const pause = Math.max(seconds > 120 ? seconds - 120 : seconds, 1);
    setTimeout(look, Math.min(pause, 3600) * 1000); // more than 24 days would count as none
  } catch {
    setTimeout(look, 10_000); // no network
  }
}
warning.querySelector("button").onclick = async () => {
  const answer = await fetch("/stay", { method: "POST" }).catch(() => null);
  warning.hidden = answer?.ok ?? false; // what did not work can be tried again
};
look();
</script>"#;

async fn remaining(session: Session) -> Json<Remaining> {
    Json(session.remaining())
}

async fn stay(session: Session) -> Json<Remaining> {
    Json(session.keep_alive())
}

pub fn policy() -> PolicyBuilder {
    let minute = Duration::from_secs(60);
    // Robots and passers-by, who never sign in, are forgotten sooner.
    Policy::builder()
        .idle(20 * minute)
        .anonymous_idle(5 * minute)
}

pub fn on(sessions: Sessions, accounts: Accounts) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/login", post(login))
        .route("/remaining", get(remaining))
        .route("/stay", post(stay))
        .with_state(accounts)
        .layer(SessionLayer::new(sessions))
}

pub fn app() -> Result<Router, BoxError> {
    let policy = policy().insecure(); // for plain http on your own machine
    let sessions = Sessions::new(policy.build()?, MemoryStore::new());
    Ok(on(sessions, Accounts::new()?))
}
