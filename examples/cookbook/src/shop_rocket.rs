//! The basics of a shop on Rocket: login, flash, CSRF guard. An admin area: `admin_rocket.rs`.

use axum::BoxError;
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Build, FromForm, Rocket, State, get, post, routes};
use session_extras::rocket::{CsrfFairing, User, login_catcher};
use session_extras::{Csrf, CsrfToken, Flash, Next};
use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
use session_store::MemoryStore;

use crate::accounts::Accounts;

#[get("/login")]
async fn form(session: Session) -> Result<RawHtml<String>, Rejection> {
    // The token is the form's first field, since Rocket shows a fairing the beginning of a body.
    let token = CsrfToken::issue(&session).await?.field();
    Ok(RawHtml(format!(
        r#"<form method="post">{token}<input name="name"><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

#[derive(FromForm)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
}

#[post("/login?<next>", data = "<form>")]
pub(crate) async fn login(
    accounts: &State<Accounts>,
    session: Session,
    form: Form<Login>,
    next: Next,
) -> Result<Result<Redirect, (Status, &'static str)>, Rejection> {
    let Login { name, password } = form.into_inner();
    let Some(sign_in) = accounts.check(&name, password).await else {
        // A bare `Status::Unauthorized` would go to the catcher, which leads to the form without a word.
        return Ok(Err((Status::Unauthorized, "wrong name or password")));
    };
    session.sign_in(sign_in)?;
    Flash::success(format!("Welcome, {name}.")).set(&session)?;
    Ok(Ok(Redirect::to(next.as_str().to_owned())))
}

#[get("/orders")]
async fn orders(user: User<Accounts>, session: Session) -> Result<String, Rejection> {
    let messages = Flash::take(&session).await?;
    let said: String = messages.into_iter().map(|flash| flash.text + " ").collect();
    Ok(format!("{said}{}'s orders", user.0))
}

pub fn rocket() -> Result<Rocket<Build>, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(rocket::build()
        .manage(Accounts::new()?)
        .mount("/", routes![form, login, orders])
        .register("/", login_catcher::<Accounts>()) // a 401 leads people to the login page
        .attach(CsrfFairing::new(Csrf::new(["http://127.0.0.1:3000"])?))
        .attach(SessionFairing::new(sessions)))
}
