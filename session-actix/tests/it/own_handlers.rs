//! How an application tests its own handlers: a small one, and its tests.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse};
use session_actix::{Policy, Rejection, Session, SessionMiddleware};
use session_testkit::app::{Browser, TestSessions};

const MINUTE: Duration = Duration::from_secs(60);

async fn profile(session: Session) -> HttpResponse {
    match session.owner() {
        Some(owner) => HttpResponse::Ok().body(owner.to_string()),
        None => HttpResponse::Unauthorized().finish(),
    }
}

async fn logout_everywhere(session: Session) -> Result<&'static str, Rejection> {
    session.revoke_others().await?;
    session.destroy()?;
    Ok("bye")
}

fn routes(app: &mut ServiceConfig) {
    app.route("/profile", web::get().to(profile))
        .route("/logout-everywhere", web::post().to(logout_everywhere));
}

/// Sends a request as a browser, and returns the status of the answer.
async fn send(test: &TestSessions, method: Method, path: &str, browser: &Browser) -> u16 {
    let app = App::new().configure(routes);
    let app = init_service(app.wrap(SessionMiddleware::new(test.sessions()))).await;
    let request = TestRequest::with_uri(path).method(method);
    let request = request.insert_header(("cookie", browser.cookie()));
    // As a browser does from a page of yours; behind a CSRF guard a form without it is refused.
    let request = request.insert_header(("sec-fetch-site", "same-origin"));
    let response = call_service(&app, request.to_request()).await;
    browser.receive(response.headers().get_all("set-cookie"));
    response.status().as_u16()
}

#[actix_web::test]
async fn a_session_ends_after_20_minutes_without_a_request() {
    let test = TestSessions::of(Policy::builder().idle(MINUTE * 20));
    let ada = test.signed_in("ada");
    for (minutes, status) in [(15, 200), (15, 200), (20, 401)] {
        test.advance(MINUTE * minutes);
        assert_eq!(send(&test, Method::GET, "/profile", &ada).await, status);
    }
}

#[actix_web::test]
async fn logging_out_everywhere_ends_the_other_device_and_a_stolen_cookie() {
    let test = TestSessions::new();
    let (laptop, phone) = (test.signed_in("ada"), test.signed_in("ada"));
    let (thief, bob) = (phone.copy(), test.signed_in("bob"));
    assert_eq!(send(&test, Method::GET, "/profile", &thief).await, 200);
    let answer = send(&test, Method::POST, "/logout-everywhere", &laptop);
    assert_eq!((answer.await, &*laptop.cookie()), (200, ""));
    for (browser, status) in [(&phone, 401), (&thief, 401), (&bob, 200)] {
        assert_eq!(send(&test, Method::GET, "/profile", browser).await, status);
    }
}

#[actix_web::test]
async fn an_outage_logs_nobody_out() {
    let test = TestSessions::new();
    let ada = test.signed_in("ada");
    test.store().go_down();
    assert_eq!(send(&test, Method::GET, "/profile", &ada).await, 503);
    test.store().come_up();
    assert_eq!(send(&test, Method::GET, "/profile", &ada).await, 200);
}
