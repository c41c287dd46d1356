//! How an application tests its own handlers: a small one, and its tests.

use std::time::Duration;

use rocket::http::{Header, Method, Status};
use rocket::local::blocking::Client;
use rocket::{Build, Rocket, get, post, routes};
use session_rocket::{Policy, Rejection, Session, SessionFairing, Sessions};
use session_testkit::app::{Browser, TestSessions};

const MINUTE: Duration = Duration::from_secs(60);

#[get("/profile")]
fn profile(session: Session) -> Result<String, Status> {
    let owner = session.owner().ok_or(Status::Unauthorized)?;
    Ok(owner.to_string())
}

#[post("/logout-everywhere")]
async fn logout_everywhere(session: Session) -> Result<(), Rejection> {
    session.revoke_others().await?;
    session.destroy()
}

fn app(sessions: Sessions) -> Rocket<Build> {
    rocket::build()
        .mount("/", routes![profile, logout_everywhere])
        .attach(SessionFairing::new(sessions))
}

fn client(test: &TestSessions) -> Client {
    Client::untracked(app(test.sessions())).unwrap()
}

/// Sends a request as a browser, and returns the status of the answer.
fn send(client: &Client, method: Method, path: &str, browser: &Browser) -> u16 {
    let request = client.req(method, path.to_owned());
    let request = request.header(Header::new("Cookie", browser.cookie()));
    // As a browser does from a page of yours; behind a CSRF guard a form without it is refused.
    let request = request.header(Header::new("Sec-Fetch-Site", "same-origin"));
    let response = request.dispatch();
    browser.receive(response.headers().get("Set-Cookie"));
    response.status().code
}

#[test]
fn a_session_ends_after_20_minutes_without_a_request() {
    let test = TestSessions::of(Policy::builder().idle(MINUTE * 20));
    let (app, ada) = (client(&test), test.signed_in("ada"));
    for (minutes, status) in [(15, 200), (15, 200), (20, 401)] {
        test.advance(MINUTE * minutes);
        assert_eq!(send(&app, Method::Get, "/profile", &ada), status);
    }
}

#[test]
fn logging_out_everywhere_ends_the_other_device_and_a_stolen_cookie() {
    let test = TestSessions::new();
    let (app, bob) = (client(&test), test.signed_in("bob"));
    let (laptop, phone) = (test.signed_in("ada"), test.signed_in("ada"));
    let thief = phone.copy();
    assert_eq!(send(&app, Method::Get, "/profile", &thief), 200);
    let status = send(&app, Method::Post, "/logout-everywhere", &laptop);
    assert_eq!((status, &*laptop.cookie()), (200, ""));
    for (browser, status) in [(&phone, 401), (&thief, 401), (&bob, 200)] {
        assert_eq!(send(&app, Method::Get, "/profile", browser), status);
    }
}

#[test]
fn an_outage_logs_nobody_out() {
    let test = TestSessions::new();
    let (app, ada) = (client(&test), test.signed_in("ada"));
    test.store().go_down();
    assert_eq!(send(&app, Method::Get, "/profile", &ada), 503);
    test.store().come_up();
    assert_eq!(send(&app, Method::Get, "/profile", &ada), 200);
}
