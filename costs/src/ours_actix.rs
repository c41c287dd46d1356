//! Ours on actix-web, and actix-web without sessions.

use std::time::Duration;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::init_service;
use actix_web::{App, Error, web};
use anyhow::Result;
use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions};
use session_core::Store;
use session_store::MemoryStore;

use crate::{ActixSubject, COUNTER, Subject, key, read_key, value, values};

/// Makes the subject without sessions.
///
/// # Errors
///
/// There is no runtime.
pub fn bare() -> Result<Box<dyn Subject>> {
    let subject = ActixSubject::without_sessions(async || {
        init_service(App::new().configure(bare_routes)).await
    })?;
    Ok(Box::new(subject))
}

/// Makes ours on the memory store.
///
/// # Errors
///
/// There is no runtime.
pub fn ours() -> Result<Box<dyn Subject>> {
    over(&MemoryStore::new())
}

/// Makes ours on any store.
///
/// # Errors
///
/// There is no runtime.
pub fn over(store: &(impl Store + Clone)) -> Result<Box<dyn Subject>> {
    let subject = ActixSubject::new(async || {
        let sliding = Policy::builder().touch_every(Duration::ZERO).build()?;
        let sessions = |policy| Sessions::new(policy, store.clone());
        let usual = app(sessions(Policy::default())).await;
        Ok((usual, app(sessions(sliding)).await))
    })?;
    Ok(Box::new(subject))
}

async fn app(
    sessions: Sessions,
) -> impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    let middleware = SessionMiddleware::new(sessions);
    init_service(App::new().configure(routes).wrap(middleware)).await
}

/// Adds the routes of the application without sessions.
pub fn bare_routes(app: &mut web::ServiceConfig) {
    app.route("/untouched", web::get().to(untouched))
        .route("/read", web::get().to(async || value().len().to_string()))
        .route("/increment", web::get().to(async || 1.to_string()))
        .route("/create", web::get().to(untouched));
}

/// Adds the routes of the application with sessions.
pub fn routes(app: &mut web::ServiceConfig) {
    app.route("/seed", web::get().to(seed))
        .route("/untouched", web::get().to(untouched))
        .route("/read", web::get().to(read))
        .route("/increment", web::get().to(increment))
        .route("/create", web::get().to(create));
}

async fn seed(session: Session) -> Result<&'static str, Rejection> {
    for number in 0..values() {
        session.insert(&key(number), value())?;
    }
    session.insert(COUNTER, 0)?;
    Ok("seeded")
}

async fn untouched() -> &'static str {
    "untouched"
}

async fn read(session: Session) -> Result<String, Rejection> {
    let value: Option<String> = session.get(read_key())?;
    Ok(value.map_or(0, |value| value.len()).to_string())
}

async fn increment(session: Session) -> Result<String, Rejection> {
    let count = session.update(COUNTER, |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(count.to_string())
}

async fn create(session: Session) -> Result<&'static str, Rejection> {
    session.insert("user", "ada")?;
    Ok("created")
}
