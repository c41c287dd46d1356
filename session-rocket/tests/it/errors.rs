//! Errors in handlers: `?` in several result types, their log, and their pages.

use std::sync::{Arc, Mutex};

use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome};
use rocket::response::Debug;
use rocket::{Request, async_trait, get, routes};
use session_rocket::session_core::{ErrorPage, Event, Observer, Reason};
use session_rocket::{
    Policy, Rejection, Revoke, Session, SessionError, SessionFairing, SessionHandle, Sessions,
};
use session_store::MemoryStore;
use session_testkit::{FaultyStore, Log};

use crate::support::{Site, plain, send};

fn helper(session: &session_core::Session) -> Result<(), SessionError> {
    session.insert("helped", true)
}

#[get("/all")]
async fn every_operation(session: Session) -> Result<String, Rejection> {
    session.insert("k", 1)?;
    session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    let _: Option<u32> = session.take("k")?;
    helper(&session)?;
    session.save().await?;
    session.sign_in("ada")?;
    session.devices().await?;
    session.revoke(Revoke::All).await?;
    session.destroy()?;
    Ok("done".into())
}

#[get("/status")]
fn as_a_status(session: Session) -> Result<(), Status> {
    Ok(session.reauthenticate()?)
}

#[get("/debug")]
async fn as_debug(handle: SessionHandle) -> Result<(), Debug<Rejection>> {
    handle.load().await?.insert("k", 1)?;
    Ok(handle.destroy()?)
}

#[get("/refused")]
fn refused(session: Session) -> Result<(), Rejection> {
    session.reauthenticate()
}

#[get("/write")]
fn write(session: Session) -> Result<(), Rejection> {
    session.insert("k", 1)
}

/// A guard of the application's own.
struct User(Option<String>);

#[async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        let session = request.guard::<Session>().await;
        session.map(|session| Self(session.owner().map(|owner| owner.to_string())))
    }
}

#[get("/user")]
fn user(user: User) -> String {
    user.0.unwrap_or_default()
}

#[tokio::test]
async fn the_question_mark_works_in_the_usual_result_types() {
    let routes = routes![every_operation, as_a_status, as_debug, refused, user];
    let site = Site::new(routes).await;
    assert_eq!(site.get("/all", "").await.body, "done");
    assert_eq!(site.get("/debug", "").await.status, 200);
    assert_eq!(site.get("/user", "").await.status, 200);
    assert_eq!(site.get("/status", "").await.status, 401);
    let seen = site.get("/refused", "").await;
    assert_eq!(seen.status, 401);
    assert_eq!(seen.body, r#"{"error":"nobody is signed in"}"#);
}

#[derive(Debug, Clone, Default)]
struct Failures(Arc<Mutex<Vec<u16>>>);

impl Observer for Failures {
    fn on(&self, event: &Event<'_>) {
        match event.reason {
            Some(Reason::Failure(failure)) => self.0.lock().unwrap().push(failure.status()),
            Some(Reason::Error(error)) => self.0.lock().unwrap().push(error.status()),
            _ => {}
        }
    }
}

impl Failures {
    fn take(&self) -> Vec<u16> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test]
async fn a_failure_is_told_once_and_rendered() {
    let failures = Failures::default();
    let store = FaultyStore::new(MemoryStore::new());
    let policy = Policy::builder().insecure().observer(failures.clone());
    let policy =
        policy.error_page(|failure, _| ErrorPage::html(format!("<p>{}", failure.reason())));
    let sessions = Sessions::new(policy.build().unwrap(), store.clone());
    let rocket = plain().mount("/", routes![write, refused]);
    let rocket = rocket.attach(SessionFairing::new(sessions));
    let client = Client::untracked(rocket).await.unwrap();
    let cookie = format!("session={}", "a".repeat(48));
    let get = async |path| send(&client, rocket::http::Method::Get, path, &cookie).await;
    store.go_down();
    let seen = get("/write").await;
    assert_eq!(seen.status, 503);
    assert_eq!(seen.body, "<p>session store unavailable");
    assert_eq!(seen.all("cache-control"), ["no-store"]);
    assert_eq!(seen.all("vary"), ["Accept, Cookie"]);
    assert_eq!(failures.take(), [503]);
    store.come_up();
    // The load works, the commit fails.
    store.fail(store.calls() + 2);
    let seen = get("/write").await;
    assert_eq!((seen.status, seen.set_cookies().len()), (503, 0));
    assert_eq!(seen.body, "<p>session store unavailable");
    assert_eq!(failures.take(), [503]);
    let seen = get("/refused").await;
    assert_eq!(seen.body, "<p>nobody is signed in");
    assert_eq!(failures.take(), [401]);
}

#[get("/large")]
fn large(session: Session) -> Result<(), Rejection> {
    session.insert("k", "x".repeat(2_000))
}

#[get("/large-status")]
fn large_as_a_status(session: Session) -> Result<(), Status> {
    Ok(session.insert("k", "x".repeat(2_000))?)
}

/// Signs in, although the session is ended meanwhile.
#[get("/gone")]
async fn gone(session: Session, handle: SessionHandle) -> Result<(), Rejection> {
    let sessions = handle.sessions();
    let owner = session.owner().unwrap();
    sessions.revoke(&owner, Revoke::All).await?;
    session.sign_in("bob")
}

#[get("/login")]
fn login(session: Session) -> Result<(), Rejection> {
    session.sign_in("ada")
}

#[tokio::test]
async fn what_clients_cause_is_neither_an_error_nor_a_warning_in_the_log() {
    let store = FaultyStore::new(MemoryStore::new());
    let policy = Policy::builder().insecure().max_bytes(1_000).build();
    let sessions = Sessions::new(policy.unwrap(), store.clone());
    let routes = routes![
        as_a_status,
        gone,
        large,
        large_as_a_status,
        login,
        refused,
        write
    ];
    let rocket = plain().mount("/", routes);
    let rocket = rocket.attach(SessionFairing::new(sessions));
    let client = Client::untracked(rocket).await.unwrap();
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let get =
        async |path, cookie: &str| send(&client, rocket::http::Method::Get, path, cookie).await;
    let cookie = get("/login", "").await.cookie();
    for (path, status) in [
        ("/refused", 401),
        ("/status", 401),
        ("/large", 413),
        ("/large-status", 413),
        ("/gone", 409),
    ] {
        let cookie = if path == "/gone" { &*cookie } else { "" };
        assert_eq!(get(path, cookie).await.status, status, "{path}");
        assert_eq!(log.take(), "", "{path}");
    }
    store.go_down();
    let cookie = format!("session={}", "a".repeat(48));
    for cookie in [&*cookie, ""] {
        assert_eq!(get("/write", cookie).await.status, 503);
        assert!(log.take().contains("ERROR"));
    }
}
