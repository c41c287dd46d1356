//! The devices of whoever is signed in: a list with names, one ended, all others ended, all ended.
//!
//! On actix-web and Rocket: `devices_actix.rs`, `devices_rocket.rs`.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header::USER_AGENT};
use axum::routing::{delete, get, post};
use axum::{BoxError, Form, Router};
use session_axum::session_core::device_label;
use session_axum::{Device, Policy, PublicId, Rejection, Revoke, Session, SessionLayer, Sessions};
use session_extras::axum::User;
use session_store::MemoryStore;

use crate::accounts::{Accounts, Login};

async fn login(
    State(accounts): State<Accounts>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Login>,
) -> Result<StatusCode, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(StatusCode::UNAUTHORIZED);
    };
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    session.sign_in(match agent.and_then(device_label) {
        Some(label) => sign_in.label(&label), // "Firefox on Linux"
        None => sign_in,
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn devices(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(shown(session.public_id(), session.devices().await?))
}

pub(crate) fn shown(current: Option<PublicId>, devices: Vec<Device>) -> String {
    let lines = devices.into_iter().map(|device| {
        let name = device.label.as_deref().unwrap_or("unknown device");
        let here = if Some(device.public_id) == current {
            " (this one)"
        } else {
            ""
        };
        format!("{} {name}{here}\n", device.public_id)
    });
    lines.collect()
}

async fn end(
    _: User<Accounts>,
    session: Session,
    Path(handle): Path<String>,
) -> Result<StatusCode, Rejection> {
    let Some(handle) = PublicId::parse(&handle) else {
        return Ok(StatusCode::NOT_FOUND);
    };
    // Of the owner's own only: somebody else's handle ends nothing.
    Ok(match session.revoke(Revoke::One(&handle)).await? {
        0 => StatusCode::NOT_FOUND,
        _ => StatusCode::NO_CONTENT,
    })
}

async fn end_others(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    // A new id first, in case somebody has this one. It is no fresh moment: nobody has asked for the password.
    session.cycle()?;
    session.save().await?;
    Ok(format!("{} ended", session.revoke_others().await?))
}

async fn end_all(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(format!("{} ended", session.revoke(Revoke::All).await?))
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(Router::new()
        .route("/login", post(login))
        .route("/devices", get(devices))
        .route("/devices/{handle}", delete(end))
        .route("/logout-others", post(end_others))
        .route("/logout-everywhere", post(end_all))
        .with_state(Accounts::new()?)
        .layer(SessionLayer::new(sessions)))
}
