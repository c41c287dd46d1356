use std::time::Duration;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::init_service;
use actix_web::{App, Error, web};
use anyhow::Result;
use session_actix::{Policy, Rejection, Session, SessionMiddleware, Sessions};
use session_store::MemoryStore;

use crate::{ActixSubject, COUNTER, READ_KEY, Subject, VALUE, key};

pub(crate) fn bare() -> Result<Box<dyn Subject>> {
    let subject = ActixSubject::without_sessions(async || {
        let app = App::new()
            .route("/untouched", web::get().to(untouched))
            .route("/read", web::get().to(async || VALUE.len().to_string()))
            .route("/increment", web::get().to(async || 1.to_string()))
            .route("/create", web::get().to(untouched));
        init_service(app).await
    })?;
    Ok(Box::new(subject))
}

pub(crate) fn ours() -> Result<Box<dyn Subject>> {
    let subject = ActixSubject::new(async || {
        let sliding = Policy::builder().touch_every(Duration::ZERO).build()?;
        Ok((app(Policy::default()).await, app(sliding).await))
    })?;
    Ok(Box::new(subject))
}

async fn app(
    policy: Policy,
) -> impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    let sessions = Sessions::new(policy, MemoryStore::new());
    let app = App::new()
        .route("/seed", web::get().to(seed))
        .route("/untouched", web::get().to(untouched))
        .route("/read", web::get().to(read))
        .route("/increment", web::get().to(increment))
        .route("/create", web::get().to(create))
        .wrap(SessionMiddleware::new(sessions));
    init_service(app).await
}

async fn seed(session: Session) -> Result<&'static str, Rejection> {
    for number in 0..10 {
        session.insert(&key(number), VALUE)?;
    }
    session.insert(COUNTER, 0)?;
    Ok("seeded")
}

async fn untouched() -> &'static str {
    "untouched"
}

async fn read(session: Session) -> Result<String, Rejection> {
    let value: Option<String> = session.get(READ_KEY)?;
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
