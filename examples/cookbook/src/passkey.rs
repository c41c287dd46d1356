//! The state of a passkey ceremony (WebAuthn): kept between its two requests, and used exactly once.
//!
//! With the crate `webauthn-rs` the value is its `PasskeyAuthentication`, which serde writes; here it is the challenge alone. The same
//! calls on actix-web and Rocket.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{BoxError, Json, Router};
use serde::{Deserialize, Serialize};
use session_axum::session_core::{Entropy, OsEntropy};
use session_axum::time::OffsetDateTime;
use session_axum::{Field, Policy, Rejection, Session, SessionError, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::Accounts;

#[derive(Debug, Serialize, Deserialize)]
struct Ceremony {
    challenge: String,
    began: i64,
}

const CEREMONY: Field<Ceremony> = Field::new("passkey_ceremony");
const LIMIT: Duration = Duration::from_secs(300);

/// 32 random bytes, as text.
fn random() -> Result<String, SessionError> {
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

async fn begin(session: Session) -> Result<String, Rejection> {
    let challenge = random()?;
    let began = OffsetDateTime::now_utc().unix_timestamp();
    // A second ceremony replaces the first.
    CEREMONY.insert(
        &session,
        Ceremony {
            challenge: challenge.clone(),
            began,
        },
    )?;
    Ok(challenge)
}

#[derive(Deserialize)]
struct Signed {
    challenge: String,
}

async fn finish(
    State(accounts): State<Accounts>,
    session: Session,
    Json(signed): Json<Signed>,
) -> Result<StatusCode, Rejection> {
    let ceremony = CEREMONY.take(&session)?;
    // Saved before anything is checked: of two answers to one challenge one goes on, the other is a 409; and a wrong answer has used it up.
    session.save().await?;
    let Some(ceremony) = ceremony else {
        return Ok(StatusCode::BAD_REQUEST);
    };
    let age = OffsetDateTime::now_utc().unix_timestamp() - ceremony.began;
    let is_in_time = u64::try_from(age).is_ok_and(|age| age <= LIMIT.as_secs());
    // … where `webauthn-rs` would check the signature:
    if !is_in_time || signed.challenge != ceremony.challenge {
        return Ok(StatusCode::UNAUTHORIZED);
    }
    // … of the passkey's owner:
    let Some(sign_in) = accounts.sign_in_of("ada") else {
        return Ok(StatusCode::FORBIDDEN);
    };
    session.sign_in(sign_in)?;
    Ok(StatusCode::NO_CONTENT)
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(Router::new()
        .route("/", get(async |User(name): User<Accounts>| name))
        .route("/passkey/begin", post(begin))
        .route("/passkey/finish", post(finish))
        .with_state(Accounts::new()?)
        .layer(SessionLayer::new(sessions)))
}
