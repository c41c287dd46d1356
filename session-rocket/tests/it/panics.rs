//! Panics, which commit nothing wherever they happen.

use std::sync::{Arc, Mutex};

use rocket::request::{FromRequest, Outcome};
use rocket::{Request, State, async_trait, catch, catchers, get, routes};
use session_rocket::{RequestSession, Session, SessionError, SessionHandle};

use crate::support::{Site, plain, usual};

type Leaked = Arc<Mutex<Option<RequestSession>>>;

/// Makes every kind of change, and leaks the session.
fn work_on(session: &Session, leaked: &Leaked) {
    session.insert("panicked", true).unwrap();
    session.destroy().unwrap();
    session.insert("panicked", true).unwrap();
    *leaked.lock().unwrap() = Some(session.clone().into_inner());
}

#[get("/sync")]
fn sync(session: Session, leaked: &State<Leaked>) {
    work_on(&session, leaked);
    panic!("as asked");
}

#[get("/await")]
async fn after_an_await(session: Session, leaked: &State<Leaked>) {
    tokio::task::yield_now().await;
    work_on(&session, leaked);
    tokio::task::yield_now().await;
    panic!("as asked");
}

#[get("/clone")]
async fn in_a_clone(session: Session, leaked: &State<Leaked>) {
    let clone = session.clone();
    drop(session);
    tokio::task::yield_now().await;
    work_on(&clone, leaked);
    panic!("as asked");
}

#[get("/handle")]
async fn with_a_handle(handle: SessionHandle, leaked: &State<Leaked>) {
    let session = handle.load().await.unwrap();
    session.destroy().unwrap();
    *leaked.lock().unwrap() = Some(session.into_inner());
    panic!("as asked");
}

struct Panics;

#[async_trait]
impl<'r> FromRequest<'r> for Panics {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let session = request.guard::<Session>().await.unwrap();
        work_on(&session, request.rocket().state().unwrap());
        drop(session);
        tokio::task::yield_now().await;
        panic!("as asked");
    }
}

#[get("/guard")]
fn in_a_later_guard(session: Session, _panics: Panics) {
    drop(session);
}

#[catch(418)]
async fn teapot(request: &Request<'_>) -> &'static str {
    let session = request.guard::<Session>().await.unwrap();
    work_on(&session, request.rocket().state().unwrap());
    panic!("as asked");
}

#[get("/catcher")]
fn in_a_catcher() -> rocket::http::Status {
    rocket::http::Status::ImATeapot
}

/// Answers a panic with success, as an application might.
#[catch(500)]
fn recovered() -> (rocket::http::Status, &'static str) {
    (rocket::http::Status::Ok, "recovered")
}

#[tokio::test]
async fn a_panic_commits_nothing_and_closes_the_session() {
    for catcher in [None, Some(catchers![recovered])] {
        let leaked = Leaked::default();
        let panicking = routes![
            sync,
            after_an_await,
            in_a_clone,
            with_a_handle,
            in_a_later_guard,
            in_a_catcher
        ];
        let rocket = plain()
            .mount("/", [panicking, usual()].concat())
            .register("/", catchers![teapot])
            .manage(Arc::clone(&leaked));
        let recovers = catcher.is_some();
        let site = Site::of(rocket.register("/", catcher.unwrap_or_default())).await;
        let cookie = site.visitor().await;
        for path in ["sync", "await", "clone", "handle", "guard", "catcher"] {
            let seen = site.get(&format!("/{path}"), &cookie).await;
            assert_eq!(seen.status, if recovers { 200 } else { 500 }, "{path}");
            assert_eq!(seen.set_cookies(), [""; 0], "{path}");
            assert_eq!(seen.all("vary"), ["Cookie"], "{path}");
            assert_eq!(site.spy.take().writes(), 0, "{path}");
            let leaked = leaked.lock().unwrap().take().unwrap();
            let late = leaked.insert("late", 1);
            assert!(matches!(late, Err(SessionError::Finished)), "{path}");
            assert!(matches!(leaked.save().await, Err(SessionError::Finished)));
        }
        assert_eq!(site.get("/keys", &cookie).await.body, "hits");
    }
}

#[get("/saved")]
async fn saved(session: Session) {
    session.sign_in("ada").unwrap();
    session.save().await.unwrap();
    session.insert("lost", true).unwrap();
    panic!("as asked");
}

#[tokio::test]
async fn a_panic_after_an_early_save_sets_the_cookie_of_the_saved_session() {
    let site = Site::new([routes![saved], usual()].concat()).await;
    let cookie = site.visitor().await;
    let seen = site.get("/saved", &cookie).await;
    assert_eq!(seen.status, 500);
    assert_eq!(seen.all("vary"), ["Cookie"]);
    assert_eq!(site.get("/keys", &seen.cookie()).await.body, "hits");
}

#[tokio::test]
async fn the_catcher_of_a_panic_finds_the_session_closed() {
    #[catch(500)]
    async fn asking(request: &Request<'_>) -> String {
        let outcome = request.guard::<Session>().await;
        let (status, rejection) = outcome.failed().unwrap();
        format!("{status}: {rejection}")
    }
    let rocket = plain().mount("/", routes![sync]).manage(Leaked::default());
    let site = Site::of(rocket.register("/", catchers![asking])).await;
    let seen = site.get("/sync", "").await;
    let expected = format!("500 Internal Server Error: {}", SessionError::Finished);
    assert_eq!((seen.status, seen.body), (500, expected));
}
