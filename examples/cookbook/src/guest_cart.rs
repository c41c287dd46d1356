//! A guest's cart that is merged into the user's at sign-in.
//!
//! A session keeps its values when a guest signs in, and loses them when another user does. What belongs to the user across devices is
//! in your own table. The merge can be repeated without harm, since a double click signs in twice. On actix-web and Rocket: `guest_actix.rs`, `guest_rocket.rs`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{BoxError, Extension, Form, Router};
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions, Store};
use session_extras::axum::User;

use crate::accounts::{Accounts, Login};
use crate::carts::{CART, Carts, with_one_more};

async fn add(
    Extension(carts): Extension<Carts>,
    user: Option<User<Accounts>>,
    session: Session,
    Path(item): Path<String>,
) -> Result<(), Rejection> {
    match user {
        Some(User(user)) => carts.add(user, &item),
        // Exact, also from two tabs.
        None => drop(CART.update(&session, move |cart| with_one_more(cart, &item))?),
    }
    Ok(())
}

async fn login(
    State(accounts): State<Accounts>,
    Extension(carts): Extension<Carts>,
    session: Session,
    Form(form): Form<Login>,
) -> Result<StatusCode, Rejection> {
    let Some(sign_in) = accounts.check(&form.name, form.password).await else {
        return Ok(StatusCode::UNAUTHORIZED);
    };
    let guests = CART.take(&session)?.unwrap_or_default();
    session.sign_in(sign_in)?;
    // First the merge, then the login, which goes with the response. If that fails, the guest still has the cart, and the next
    // try merges it again.
    carts.merge(&form.name, guests);
    Ok(StatusCode::NO_CONTENT)
}

async fn show(
    Extension(carts): Extension<Carts>,
    user: Option<User<Accounts>>,
    session: Session,
) -> Result<String, Rejection> {
    let cart = match user {
        Some(User(user)) => carts.of(&user),
        None => CART.get(&session)?,
    };
    Ok(format!("{:?}", cart.unwrap_or_default()))
}

pub fn app(store: impl Store) -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), store);
    Ok(Router::new()
        .route("/", get(show))
        .route("/add/{item}", post(add))
        .route("/login", post(login))
        .with_state(Accounts::new()?)
        .layer(Extension(Carts::default()))
        .layer(SessionLayer::new(sessions)))
}
