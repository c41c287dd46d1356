//! A deploy that changes a type: a cart that was a list of names gets a count for each, and no visitor's cart is lost.
//!
//! Servers of two releases run side by side while a deploy rolls out. So the first one reads both forms and goes on writing
//! the old one; the second one writes the new one. Here each release has a path of its own. The same on actix-web and Rocket.

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::routing::post;
use axum::{BoxError, Json, Router};
use serde::{Deserialize, Serialize};
use session_axum::session_core::Past;
use session_axum::{CoreSession, Field, Policy, SessionError, Sessions, Still, Was};
use session_axum::{Rejection, Session, SessionLayer};
use session_store::MemoryStore;

/// The old form.
type Names = Vec<String>;

/// The new one. Nothing of the old form can be taken for it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cart {
    pub counts: BTreeMap<String, usize>,
}

fn upgrade(names: Names) -> Cart {
    let mut cart = Cart::default();
    for name in names {
        *cart.counts.entry(name).or_default() += 1;
    }
    cart
}

fn downgrade(cart: &Cart) -> Names {
    let counts = cart.counts.iter();
    counts
        .flat_map(|(name, count)| vec![name.clone(); *count])
        .collect()
}

const BEFORE: Field<Names> = Field::new("cart");
const FIRST: Field<Cart, Still<Names>> = Field::new("cart").still::<Names>(upgrade, downgrade);
const SECOND: Field<Cart, Was<Names>> = Field::new("cart").was::<Names>(upgrade);

fn add<P>(cart: Field<Cart, P>, session: &CoreSession, name: String) -> Result<Cart, SessionError>
where
    P: Past<Cart>,
{
    cart.update(session, move |cart| {
        let mut cart = cart.unwrap_or_default();
        *cart.counts.entry(name.clone()).or_default() += 1;
        cart
    })
}

async fn before(session: Session, Path(name): Path<String>) -> Result<Json<Cart>, Rejection> {
    let add = move |names: Option<Names>| [names.unwrap_or_default(), vec![name.clone()]].concat();
    Ok(Json(upgrade(BEFORE.update(&session, add)?)))
}

async fn first(session: Session, Path(name): Path<String>) -> Result<Json<Cart>, Rejection> {
    Ok(Json(add(FIRST, &session, name)?))
}

async fn second(session: Session, Path(name): Path<String>) -> Result<Json<Cart>, Rejection> {
    Ok(Json(add(SECOND, &session, name)?))
}

pub fn app() -> Result<Router, BoxError> {
    let sessions = Sessions::new(Policy::development(), MemoryStore::new());
    Ok(Router::new()
        .route("/before/{name}", post(before))
        .route("/first/{name}", post(first))
        .route("/second/{name}", post(second))
        .layer(SessionLayer::new(sessions)))
}
