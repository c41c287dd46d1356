//! On Rocket: a guest's cart that is merged into the user's at sign-in, and "remember me".
//!
//! The calls on the session are those of `guest_cart.rs` and `remember_me.rs`; what differs is where a handler's arguments come from.

use rocket::form::Form;
use rocket::http::Status;
use rocket::{Build, FromForm, Rocket, State, get, post, routes};
use session_extras::Users;
use session_extras::rocket::User;
use session_rocket::{Rejection, Session, SessionFairing, Sessions};

use crate::accounts::Accounts;
use crate::carts::{CART, Carts, with_one_more};
use crate::remember_me::lifetime;

#[post("/add/<item>")]
async fn add(
    accounts: &State<Accounts>,
    carts: &State<Carts>,
    session: Session,
    item: String,
) -> Result<Status, Rejection> {
    // `Option<User<Accounts>>` would be `None` in an outage too: Rocket makes it of every error.
    match accounts.of(&session).await? {
        Some(user) => carts.add(user, &item),
        None => drop(CART.update(&session, move |cart| with_one_more(cart, &item))?),
    }
    Ok(Status::NoContent)
}

#[derive(FromForm)]
struct Login {
    name: String,
    password: String,
    remember: Option<String>, // browsers send `on`, or nothing
}

#[post("/login", data = "<form>")]
async fn login(
    accounts: &State<Accounts>,
    carts: &State<Carts>,
    session: Session,
    form: Form<Login>,
) -> Result<Status, Rejection> {
    let form = form.into_inner();
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(Status::Unauthorized);
    };
    let guests = CART.take(&session)?.unwrap_or_default();
    session.sign_in(sign_in)?;
    session.set_expiry(lifetime(form.remember.as_deref()))?;
    carts.merge(&form.name, guests); // again without harm, if the login's answer is lost
    Ok(Status::NoContent)
}

#[get("/cart")]
fn show(user: User<Accounts>, carts: &State<Carts>) -> String {
    format!("{:?}", carts.of(&user.0).unwrap_or_default())
}

pub fn rocket(sessions: Sessions, accounts: Accounts) -> Rocket<Build> {
    rocket::build()
        .manage(accounts)
        .manage(Carts::default())
        .mount("/", routes![add, login, show])
        .attach(SessionFairing::new(sessions))
}
