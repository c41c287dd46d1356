//! On actix-web: a device with a name, the list of devices, one ended, and the logout everywhere.
//!
//! The calls on the session are those of `everywhere.rs`; what differs is where a handler's arguments come from.

use actix_web::http::header::USER_AGENT;
use actix_web::web::{self, Data, Form, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use session_actix::session_core::device_label;
use session_actix::{PublicId, Rejection, Revoke, Session, SessionMiddleware, Sessions};
use session_extras::actix::User;

use crate::accounts::{Accounts, Login};
use crate::everywhere::shown;

#[post("/login")]
async fn login(
    accounts: Data<Accounts>,
    session: Session,
    request: HttpRequest,
    Form(form): Form<Login>,
) -> Result<HttpResponse, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(HttpResponse::Unauthorized().finish());
    };
    let agent = request.headers().get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    session.sign_in(match agent.and_then(device_label) {
        Some(label) => sign_in.label(&label), // "Firefox on Linux"
        None => sign_in,
    })?;
    Ok(HttpResponse::NoContent().finish())
}

#[get("/devices")]
async fn devices(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(shown(session.public_id(), session.devices().await?))
}

#[delete("/devices/{handle}")]
async fn end(
    _: User<Accounts>,
    session: Session,
    handle: Path<String>,
) -> Result<HttpResponse, Rejection> {
    let ended = match PublicId::parse(&handle) {
        Some(handle) => session.revoke(Revoke::One(&handle)).await?, // of the owner's own only
        None => 0,
    };
    Ok(match ended {
        0 => HttpResponse::NotFound().finish(),
        _ => HttpResponse::NoContent().finish(),
    })
}

#[post("/logout-everywhere")]
async fn end_all(_: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(format!("{} ended", session.revoke(Revoke::All).await?))
}

pub fn routes(sessions: Sessions, accounts: Data<Accounts>, config: &mut ServiceConfig) {
    let pages = web::scope("").service((login, devices, end, end_all));
    let pages = pages.app_data(accounts);
    config.service(pages.wrap(SessionMiddleware::new(sessions)));
}
