//! Behind a proxy that ends TLS: the application listens on plain http, and its cookie is `Secure` all the same.
//!
//! The browser speaks https with the proxy, so it keeps and sends the cookie; nothing has to be read from `X-Forwarded-Proto`. On actix-web and
//! Rocket it is the same policy and the same guard. (`A new session on every request` means that the browser has come by http.)

use std::net::IpAddr;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{BoxError, Form, Router};
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_extras::Csrf;
use session_extras::axum::{CsrfLayer, User};
use session_store::MemoryStore;

use crate::accounts::{Accounts, Login};

/// The client's address, of which the device list keeps the network.
///
/// Each proxy appends the address that it sees. So the last one is our own proxy's word, and those before it anybody's.
fn client(headers: &HeaderMap) -> Option<IpAddr> {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back()?;
    forwarded
        .to_str()
        .ok()?
        .rsplit(',')
        .next()?
        .trim()
        .parse()
        .ok()
}

async fn login(
    State(accounts): State<Accounts>,
    session: Session,
    headers: HeaderMap,
    Form(form): Form<Login>,
) -> Result<StatusCode, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(StatusCode::UNAUTHORIZED);
    };
    session.sign_in(match client(&headers) {
        Some(address) => sign_in.address(address),
        None => sign_in,
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn networks(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    let devices = session.devices().await?.into_iter();
    let networks = devices.filter_map(|device| Some(device.address?.to_string()));
    Ok(networks.collect::<Vec<_>>().join(", "))
}

pub fn app() -> Result<Router, BoxError> {
    // The default: `__Host-session`, `Secure`, `HttpOnly`, `SameSite=Lax`.
    let sessions = Sessions::new(Policy::default(), MemoryStore::new());
    // The address that visitors type, whatever `Host` the proxy sends to us.
    let csrf = Csrf::new(["https://shop.example"])?;
    Ok(Router::new()
        .route("/login", post(login))
        .route("/networks", get(networks))
        .with_state(Accounts::new()?)
        .layer(CsrfLayer::new(csrf))
        .layer(SessionLayer::new(sessions)))
}
