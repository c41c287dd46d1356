#![allow(
    clippy::needless_pass_by_value,
    reason = "Rocket hands guards over by value"
)]

use std::time::Duration;

use anyhow::Result;
use rocket::{Build, Rocket, get, routes};
use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
use session_store::MemoryStore;

use crate::{COUNTER, READ_KEY, RocketSubject, Subject, VALUE, key};

pub(crate) fn bare() -> Result<Box<dyn Subject>> {
    let make = || {
        let routes = routes![untouched, bare_read, bare_increment, bare_create];
        RocketSubject::quiet().mount("/", routes)
    };
    Ok(Box::new(RocketSubject::without_sessions(make)?))
}

pub(crate) fn ours() -> Result<Box<dyn Subject>> {
    let subject = RocketSubject::new(async || {
        let sliding = Policy::builder().touch_every(Duration::ZERO).build()?;
        Ok((app(Policy::default()), app(sliding)))
    })?;
    Ok(Box::new(subject))
}

fn app(policy: Policy) -> Rocket<Build> {
    let sessions = Sessions::new(policy, MemoryStore::new());
    RocketSubject::quiet()
        .mount("/", routes![seed, untouched, read, increment, create])
        .attach(SessionFairing::new(sessions))
}

#[get("/seed")]
fn seed(session: Session) -> Result<(), Rejection> {
    for number in 0..10 {
        session.insert(&key(number), VALUE)?;
    }
    session.insert(COUNTER, 0)
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "untouched"
}

#[get("/read")]
fn read(session: Session) -> Result<String, Rejection> {
    let value: Option<String> = session.get(READ_KEY)?;
    Ok(value.map_or(0, |value| value.len()).to_string())
}

#[get("/increment")]
fn increment(session: Session) -> Result<String, Rejection> {
    let count = session.update(COUNTER, |count: Option<u64>| count.unwrap_or(0) + 1)?;
    Ok(count.to_string())
}

#[get("/create")]
fn create(session: Session) -> Result<&'static str, Rejection> {
    session.insert("user", "ada")?;
    Ok("created")
}

#[get("/read")]
fn bare_read() -> String {
    VALUE.len().to_string()
}

#[get("/increment")]
fn bare_increment() -> String {
    1.to_string()
}

#[get("/create")]
fn bare_create() -> &'static str {
    "created"
}
