//! On actix-web: a guest's cart that is merged into the user's at sign-in, and "remember me".
//!
//! The calls on the session are those of `guest_cart.rs` and `remember_me.rs`; what differs is where a handler's arguments come from.

use actix_web::web::{self, Data, Form, Path, ServiceConfig};
use actix_web::{HttpResponse, get, post};
use session_actix::{Rejection, Session, SessionMiddleware, Sessions};
use session_extras::Users;
use session_extras::actix::User;

use crate::accounts::Accounts;
use crate::carts::{CART, Carts, with_one_more};
use crate::remember_me::{Login, lifetime};

#[post("/add/{item}")]
async fn add(
    accounts: Data<Accounts>,
    carts: Data<Carts>,
    session: Session,
    item: Path<String>,
) -> Result<HttpResponse, Rejection> {
    // `Option<User<Accounts>>` would be `None` in an outage too: actix-web makes it of every error.
    match accounts.of(&session).await? {
        Some(user) => carts.add(user, &item),
        None => drop(CART.update(&session, move |cart| with_one_more(cart, &item))?),
    }
    Ok(HttpResponse::NoContent().finish())
}

#[post("/login")]
async fn login(
    accounts: Data<Accounts>,
    carts: Data<Carts>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<HttpResponse, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(HttpResponse::Unauthorized().finish());
    };
    let guests = CART.take(&session)?.unwrap_or_default();
    session.sign_in(sign_in)?;
    session.set_expiry(lifetime(form.remember.as_deref()))?;
    carts.merge(&form.name, guests); // again without harm, if the login's answer is lost
    Ok(HttpResponse::NoContent().finish())
}

#[get("/cart")]
async fn show(User(name): User<Accounts>, carts: Data<Carts>) -> String {
    format!("{:?}", carts.of(&name).unwrap_or_default())
}

/// Mounts it, with what all workers share.
pub fn routes(
    sessions: Sessions,
    accounts: Data<Accounts>,
    carts: Data<Carts>,
    config: &mut ServiceConfig,
) {
    let pages = web::scope("").service((add, login, show));
    let pages = pages.app_data(accounts).app_data(carts);
    config.service(pages.wrap(SessionMiddleware::new(sessions)));
}
