//! Errors in handlers: `?` in the framework's own types, their log, and their pages.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use session_axum::session_core::{ErrorPage, Event, Field, Observer, Reason};
use session_axum::{
    Policy, Rejection, RequestSession, Revoke, Session, SessionError, SessionHandle, SessionLayer,
    Sessions,
};
use session_store::MemoryStore;
use session_testkit::FaultyStore;
use tower::ServiceExt;

use crate::support::{Seen, Site, request};

const HITS: Field<u32> = Field::new("hits");

fn helper(session: &session_core::Session) -> Result<(), SessionError> {
    session.insert("helped", true)
}

async fn every_operation(session: Session) -> axum::response::Result<String> {
    session.insert("k", 1)?;
    session.extend([("a", 1), ("b", 2)])?;
    session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    let _: Option<u32> = session.get("k")?;
    let _: u32 = session.get_or_insert_with("d", || 1)?;
    let _: Option<u32> = session.take("d")?;
    session.remove("a")?;
    session.set_test_cookie()?;
    session.delete_test_cookie()?;
    session.cycle()?;
    session.set_expiry(session_axum::Expiry::BrowserClose)?;
    session.with(helper)?;
    session.with(|session| HITS.update(session, |hits| hits.unwrap_or(0) + 1))?;
    session.save().await?;
    session.sign_in("ada")?;
    session.reauthenticate()?;
    session.devices().await?;
    session.revoke_others().await?;
    session.revoke(Revoke::All).await?;
    session.clear()?;
    session.destroy()?;
    Ok("done".into())
}

async fn by_handle(handle: SessionHandle) -> axum::response::Result<()> {
    handle.load().await?.insert("k", 1)?;
    Ok(handle.destroy()?)
}

async fn refused(session: Session) -> axum::response::Result<()> {
    Ok(session.reauthenticate()?)
}

/// An extractor of the application's own.
struct User(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let session = Session::from_request_parts(parts, state).await?;
        Ok(Self(session.owner().map(|owner| owner.to_string())))
    }
}

#[tokio::test]
async fn the_question_mark_works_in_the_frameworks_own_error_types() {
    let routes = Router::new()
        .route("/all", get(every_operation))
        .route("/handle", get(by_handle))
        .route("/refused", get(refused))
        .route(
            "/user",
            get(async |User(name): User| name.unwrap_or_default()),
        );
    let site = Site::new(routes);
    assert_eq!(site.get("/all", "").await.body, "done");
    assert_eq!(site.get("/handle", "").await.status, 200);
    assert_eq!(site.get("/user", "").await.status, 200);
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

fn page(failure: &session_core::Failure, accept: &str) -> ErrorPage {
    assert_ne!(accept, "panic");
    if accept.contains("text/html") {
        return ErrorPage::html(format!("<p>{}", failure.reason()));
    }
    ErrorPage::json(failure.json())
}

async fn ask(app: &Router, path: &str, accept: &str) -> Seen {
    let mut request = request("GET", path, &format!("session={}", "a".repeat(48)));
    let accept = accept.parse().unwrap();
    request.headers_mut().insert("accept", accept);
    let response: Response = app.clone().oneshot(request).await.unwrap();
    Seen::of(response).await
}

#[tokio::test]
async fn a_failure_is_told_once_and_rendered_as_the_client_asks() {
    let failures = Failures::default();
    let store = FaultyStore::new(MemoryStore::new());
    let policy = Policy::builder()
        .insecure()
        .observer(failures.clone())
        .error_page(page);
    let sessions = Sessions::new(policy.build().unwrap(), store.clone());
    let saves = async |session: Session| -> axum::response::Result<()> {
        session.insert("k", 1)?;
        Ok(session.save().await?)
    };
    let custom = async || (axum::http::StatusCode::CONFLICT, "their own").into_response();
    let app = Router::new()
        .route("/load", get(async |_: Session| ()))
        .route(
            "/commit",
            get(async |session: RequestSessionOf| session.0.insert("k", 1).unwrap()),
        )
        .route("/saves", get(saves))
        .route("/refused", get(refused))
        .route("/custom", get(custom))
        .layer(SessionLayer::new(sessions));
    store.go_down();
    let words = "session store unavailable";
    for path in ["/load", "/saves"] {
        let seen = ask(&app, path, "text/html,*/*").await;
        assert_eq!(seen.status, 503, "{path}");
        assert_eq!(seen.body, format!("<p>{words}"));
        assert_eq!(seen.all("content-type"), ["text/html; charset=utf-8"]);
        assert_eq!(seen.all("cache-control"), ["no-store"]);
        assert_eq!(seen.all("vary"), ["Accept, Cookie"]);
        assert_eq!(*failures.0.lock().unwrap(), [503], "{path}");
        failures.0.lock().unwrap().clear();
    }
    for accept in ["application/json", "panic", ""] {
        let seen = ask(&app, "/load", accept).await;
        assert_eq!(seen.body, format!(r#"{{"error":"{words}"}}"#), "{accept}");
        assert_eq!(seen.all("content-type"), ["application/json"]);
    }
    store.come_up();
    failures.0.lock().unwrap().clear();
    assert_eq!(
        ask(&app, "/refused", "text/html").await.body,
        "<p>nobody is signed in"
    );
    assert_eq!(*failures.0.lock().unwrap(), [401]);
    // An error of the application's own is its own affair.
    let seen = ask(&app, "/custom", "text/html").await;
    assert_eq!((seen.status.as_u16(), &*seen.body), (409, "their own"));
    assert_eq!(*failures.0.lock().unwrap(), [401]);
    // A commit that fails.
    store.fail(store.calls() + 2);
    let seen = ask(&app, "/commit", "text/html").await;
    assert_eq!((seen.status.as_u16(), seen.set_cookies().len()), (503, 0));
    assert!(seen.body.starts_with("<p>"), "{}", seen.body);
}

/// The session as framework-independent code sees it.
struct RequestSessionOf(RequestSession);

impl<S: Send + Sync> FromRequestParts<S> for RequestSessionOf {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let session = Session::from_request_parts(parts, state).await?;
        Ok(Self(session.into_inner()))
    }
}
