//! Login in two steps: a password, then a code. In between nobody is signed in.
//!
//! What the first step has shown is a value of the session, and only the second step is a sign-in. So no page that asks for the user can
//! take half a login for a whole one. The same calls on actix-web and Rocket.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{BoxError, Extension, Form, Router};
use session_axum::session_core::to_micros;
use session_axum::{Field, Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::{Accounts, Login};

/// Whose password was right, and when.
const HALF_WAY: Field<(String, i64)> = Field::new("half_way");

/// Your table of tries: by account, since new sessions cost nothing. (The sessions are there for their clock.)
#[derive(Debug, Clone)]
struct Tries(Arc<Mutex<HashMap<String, (i64, u32)>>>, Sessions);

impl Tries {
    fn now(&self) -> i64 {
        to_micros(self.1.policy().now()) / 1_000_000
    }

    /// Counts one more in one step, so that a hundred requests at once are a hundred tries.
    fn are_too_many(&self, name: &str) -> bool {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = tries.entry(name.to_owned()).or_default();
        if self.now() - *since > 300 {
            // five minutes, so that nobody can lock the user out for good
            (*since, *count) = (self.now(), 0);
        }
        *count = count.saturating_add(1);
        *count > 5
    }
}

async fn password(
    State(accounts): State<Accounts>,
    Extension(tries): Extension<Tries>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<StatusCode, Rejection> {
    if accounts.check(&form.name, form.password).await.is_none() {
        return Ok(StatusCode::UNAUTHORIZED);
    }
    HALF_WAY.insert(&session, (form.name, tries.now()))?;
    session.cycle()?; // so that whoever planted this id does not come half-way too
    Ok(StatusCode::NO_CONTENT)
}

/// The fields of its form.
type Code = HashMap<String, String>;

async fn code(
    State(accounts): State<Accounts>,
    Extension(tries): Extension<Tries>,
    session: Session,
    Form(form): Form<Code>,
) -> Result<StatusCode, Rejection> {
    let half = HALF_WAY.get(&session)?;
    let Some((name, _)) = half.filter(|(_, began)| tries.now() - began <= 300) else {
        return Ok(StatusCode::BAD_REQUEST); // from the password on again
    };
    if tries.are_too_many(&name) {
        return Ok(StatusCode::TOO_MANY_REQUESTS);
    }
    let is_right = form.get("code").is_some_and(|code| code == "123456"); // … your TOTP or message, each code good once
    let Some(sign_in) = accounts.sign_in_of(&name).filter(|_| is_right) else {
        return Ok(StatusCode::UNAUTHORIZED);
    };
    HALF_WAY.take(&session)?; // one request has it: another one with this id is a 409
    session.sign_in(sign_in)?;
    Ok(StatusCode::NO_CONTENT)
}

pub fn on(sessions: Sessions, accounts: Accounts) -> Router {
    Router::new()
        .route("/", get(async |User(name): User<Accounts>| name))
        .route("/login", post(password))
        .route("/login/code", post(code))
        .with_state(accounts)
        .layer(Extension(Tries(Arc::default(), sessions.clone())))
        .layer(SessionLayer::new(sessions))
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(on(sessions, Accounts::new()?))
}
