//! Sudo mode on Rocket: a sensitive page asks for the password again, unless that was a short while ago; see `sudo.rs`.
//!
//! A catcher for 403 would lead to the form too, but it sees every 403, also those of the CSRF guard; so the page asks for a `Result`.

use rocket::form::Form;
use rocket::http::Status;
use rocket::http::uri::Origin;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Build, FromForm, Rocket, State, get, post, routes};
use session_extras::Next;
use session_extras::rocket::{User, login_catcher};
use session_rocket::{Fresh, Rejection, Session, SessionFairing, Sessions};

use crate::accounts::Accounts;
use crate::shop_rocket::login;

/// Within five minutes.
type FreshUser = Fresh<300>;

/// A page: `Fresh` refuses, and the visitor is led to the form and back.
#[get("/keys")]
fn keys(
    _user: User<Accounts>,
    fresh: Result<FreshUser, Rejection>,
    uri: &Origin<'_>,
) -> Result<Result<&'static str, Redirect>, Rejection> {
    match fresh {
        Ok(_) => Ok(Ok("your keys")),
        Err(Rejection(error)) if error.status() == 403 => {
            let next = Next::from_untrusted(&uri.to_string());
            Ok(Err(Redirect::to(next.after("/confirm"))))
        }
        Err(other) => Err(other), // 401, or an outage
    }
}

/// A route for programs: 401 or 403 by itself.
#[post("/account/delete")]
fn delete_account(_user: User<Accounts>, fresh: FreshUser) -> Result<&'static str, Rejection> {
    fresh.0.destroy()?;
    Ok("deleted")
}

#[get("/confirm")]
fn form() -> RawHtml<&'static str> {
    RawHtml(
        r#"<form method="post"><input name="password" type="password"><button>Go on</button></form>"#,
    )
}

#[derive(FromForm)]
struct Again {
    password: String,
}

#[post("/confirm?<next>", data = "<form>")]
async fn confirm(
    accounts: &State<Accounts>,
    user: User<Accounts>,
    session: Session,
    next: Next,
    form: Form<Again>,
) -> Result<Result<Redirect, (Status, &'static str)>, Rejection> {
    let Again { password } = form.into_inner();
    if accounts.check(&user.0, password).await.is_none() {
        // A bare `Status::Unauthorized` would go to the catcher, which leads to the login.
        return Ok(Err((Status::Unauthorized, "wrong password")));
    }
    session.reauthenticate()?; // a new id: a stolen one does not become fresh
    Ok(Ok(Redirect::to(next.as_str().to_owned())))
}

pub fn rocket(sessions: Sessions, accounts: Accounts) -> Rocket<Build> {
    rocket::build()
        .manage(accounts)
        .mount("/", routes![login, keys, delete_account, form, confirm])
        .register("/", login_catcher::<Accounts>())
        .attach(SessionFairing::new(sessions))
}
