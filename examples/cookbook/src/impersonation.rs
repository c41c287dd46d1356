//! An administrator looks at the site as a user does, and comes back.
//!
//! It is a sign-in: a new id, and none of the administrator's values. Who really acts stands in the session, for the log and for pages
//! that must be the user's own. The way back is a logout, and the login again: whoever got hold of the user's session would
//! otherwise become an administrator by it. The same calls on actix-web and Rocket.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{BoxError, Router};
use session_axum::{Field, Fresh, Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;
use crate::login::login;

/// The administrator behind a user's session.
const BEHIND: Field<String> = Field::new("behind");

fn is_admin(name: &str) -> bool {
    name == "root"
}

/// Only an administrator who has just given the password.
async fn begin(
    State(accounts): State<Accounts>,
    User(admin): User<Accounts>,
    Fresh(session): Fresh<300>,
    Path(user): Path<String>,
) -> Result<StatusCode, Rejection> {
    if !is_admin(&admin) || is_admin(&user) {
        return Ok(StatusCode::FORBIDDEN);
    }
    let Some(sign_in) = accounts.sign_in_of(&user) else {
        return Ok(StatusCode::NOT_FOUND);
    };
    // The user sees in the list of devices that it was the support.
    session.sign_in(sign_in.label("Support"))?;
    BEHIND.insert(&session, admin)?; // after the sign-in, which has dropped the administrator's values
    Ok(StatusCode::NO_CONTENT)
}

async fn end(session: Session) -> Result<Response, Rejection> {
    if !session.contains(BEHIND.key()) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    session.destroy()?;
    Ok(Redirect::to("/login").into_response())
}

async fn whoami(user: Option<User<Accounts>>, session: Session) -> Result<String, Rejection> {
    let user = user.map_or("nobody".to_owned(), |User(name)| name);
    Ok(match BEHIND.get(&session)? {
        Some(admin) => format!("{user}, really {admin}"),
        None => user,
    })
}

/// A page that must be the user's own: a fresh moment is not enough, since the administrator's sign-in was one.
async fn change_password(_: User<Accounts>, Fresh(session): Fresh<300>) -> StatusCode {
    if session.contains(BEHIND.key()) {
        return StatusCode::FORBIDDEN;
    }
    StatusCode::NO_CONTENT
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(Router::new()
        .route("/", get(whoami))
        .route("/login", post(login))
        .route("/as/{user}", post(begin))
        .route("/back", post(end))
        .route("/password", post(change_password))
        .with_state(Accounts::new()?)
        .layer(SessionLayer::new(sessions)))
}
