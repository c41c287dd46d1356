//! Ours on Rocket, and Rocket without sessions.

#![allow(
    clippy::needless_pass_by_value,
    reason = "Rocket hands guards over by value"
)]

use std::time::Duration;

use anyhow::Result;
use rocket::{Build, Rocket, Route, get, routes};
use session_core::Store;
use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
use session_store::MemoryStore;

use crate::{COUNTER, RocketSubject, Subject, key, read_key, value, values};

/// Makes the subject without sessions.
///
/// # Errors
///
/// There is no runtime.
pub fn bare() -> Result<Box<dyn Subject>> {
    let make = || RocketSubject::quiet().mount("/", bare_routes());
    Ok(Box::new(RocketSubject::without_sessions(make)?))
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
    let subject = RocketSubject::new(async || {
        let sliding = Policy::builder().touch_every(Duration::ZERO).build()?;
        let sessions = |policy| Sessions::new(policy, store.clone());
        let usual = app(sessions(Policy::default()));
        Ok((usual, app(sessions(sliding))))
    })?;
    Ok(Box::new(subject))
}

fn app(sessions: Sessions) -> Rocket<Build> {
    RocketSubject::quiet()
        .mount("/", all_routes())
        .attach(SessionFairing::new(sessions))
}

/// Returns the routes of the application without sessions.
#[must_use]
pub fn bare_routes() -> Vec<Route> {
    routes![untouched, bare_read, bare_increment, bare_create]
}

/// Returns the routes of the application with sessions.
#[must_use]
pub fn all_routes() -> Vec<Route> {
    routes![seed, untouched, read, increment, create]
}

#[get("/seed")]
fn seed(session: Session) -> Result<(), Rejection> {
    for number in 0..values() {
        session.insert(&key(number), value())?;
    }
    session.insert(COUNTER, 0)
}

#[get("/untouched")]
fn untouched() -> &'static str {
    "untouched"
}

#[get("/read")]
fn read(session: Session) -> Result<String, Rejection> {
    let value: Option<String> = session.get(read_key())?;
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
    value().len().to_string()
}

#[get("/increment")]
fn bare_increment() -> String {
    1.to_string()
}

#[get("/create")]
fn bare_create() -> &'static str {
    "created"
}
