//! On Rocket: a device with a name, the list of devices, one ended, and the logout everywhere.
//!
//! The calls on the session are those of `everywhere.rs`; what differs is where a handler's arguments come from.

use rocket::form::Form;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Build, Request, Rocket, State, delete, get, post, routes};
use session_extras::rocket::User;
use session_rocket::session_core::device_label;
use session_rocket::{PublicId, Rejection, Revoke, Session, SessionFairing, Sessions};

use crate::accounts::Accounts;
use crate::everywhere::shown;
use crate::shop_rocket::Login;

/// The device's name: a header needs a guard of its own.
struct Label(Option<String>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Label {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let agent = request.headers().get_one("User-Agent");
        Outcome::Success(Self(agent.and_then(device_label)))
    }
}

#[post("/login", data = "<form>")]
async fn login(
    accounts: &State<Accounts>,
    session: Session,
    label: Label,
    form: Form<Login>,
) -> Result<Status, Rejection> {
    let Login { name, password } = form.into_inner();
    let Some(sign_in) = accounts.check(&name, password).await else {
        return Ok(Status::Unauthorized);
    };
    session.sign_in(match label.0 {
        Some(label) => sign_in.label(&label), // "Firefox on Linux"
        None => sign_in,
    })?;
    Ok(Status::NoContent)
}

#[get("/devices")]
async fn devices(_user: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(shown(session.public_id(), session.devices().await?))
}

#[delete("/devices/<handle>")]
async fn end(_user: User<Accounts>, session: Session, handle: &str) -> Result<Status, Rejection> {
    let ended = match PublicId::parse(handle) {
        Some(handle) => session.revoke(Revoke::One(&handle)).await?, // of the owner's own only
        None => 0,
    };
    Ok(match ended {
        0 => Status::NotFound,
        _ => Status::NoContent,
    })
}

#[post("/logout-everywhere")]
async fn end_all(_user: User<Accounts>, session: Session) -> Result<String, Rejection> {
    Ok(format!("{} ended", session.revoke(Revoke::All).await?))
}

pub fn rocket(sessions: Sessions, accounts: Accounts) -> Rocket<Build> {
    rocket::build()
        .manage(accounts)
        .mount("/", routes![login, devices, end, end_all])
        .attach(SessionFairing::new(sessions))
}
