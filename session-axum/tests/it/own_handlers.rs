//! How an application tests its own handlers: a small one, and its tests.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use session_axum::{Policy, Rejection, Session, SessionLayer, Sessions};
use session_testkit::app::{Browser, TestSessions};
use tower::ServiceExt;

const MINUTE: Duration = Duration::from_secs(60);

async fn profile(session: Session) -> Result<String, StatusCode> {
    let owner = session.owner().ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(owner.to_string())
}

async fn logout_everywhere(session: Session) -> Result<(), Rejection> {
    session.revoke_others().await?;
    session.destroy()
}

fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/profile", get(profile))
        .route("/logout-everywhere", post(logout_everywhere))
        .layer(SessionLayer::new(sessions))
}

/// Sends a request as a browser, and returns the status of the answer.
async fn send(app: &Router, method: &str, path: &str, browser: &Browser) -> u16 {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", browser.cookie());
    // As a browser does from a page of yours; behind a CSRF guard a form without it is refused.
    let request = request.header("sec-fetch-site", "same-origin");
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    browser.receive(response.headers().get_all("set-cookie"));
    response.status().as_u16()
}

#[tokio::test]
async fn a_session_ends_after_20_minutes_without_a_request() {
    let test = TestSessions::of(Policy::builder().idle(MINUTE * 20));
    let (app, ada) = (app(test.sessions()), test.signed_in("ada"));
    for (minutes, status) in [(15, 200), (15, 200), (20, 401)] {
        test.advance(MINUTE * minutes);
        assert_eq!(send(&app, "GET", "/profile", &ada).await, status);
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_the_other_device_and_a_stolen_cookie() {
    let test = TestSessions::new();
    let (app, bob) = (app(test.sessions()), test.signed_in("bob"));
    let (laptop, phone) = (test.signed_in("ada"), test.signed_in("ada"));
    let thief = phone.copy();
    assert_eq!(send(&app, "GET", "/profile", &thief).await, 200);
    assert_eq!(send(&app, "POST", "/logout-everywhere", &laptop).await, 200);
    assert_eq!(laptop.cookie(), "");
    for (browser, status) in [(&phone, 401), (&thief, 401), (&bob, 200)] {
        assert_eq!(send(&app, "GET", "/profile", browser).await, status);
    }
}

#[tokio::test]
async fn an_outage_logs_nobody_out() {
    let test = TestSessions::new();
    let (app, ada) = (app(test.sessions()), test.signed_in("ada"));
    test.store().go_down();
    assert_eq!(send(&app, "GET", "/profile", &ada).await, 503);
    test.store().come_up();
    assert_eq!(send(&app, "GET", "/profile", &ada).await, 200);
}
