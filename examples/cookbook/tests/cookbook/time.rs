//! Recipes about what passes: time, and releases.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use cookbook::accounts::Accounts;
use cookbook::{changed_type, stay_signed_in};
use session_testkit::app::{Browser, TestSessions};
use tower::ServiceExt;

use crate::browser::ADA;

async fn send(app: &Router, method: &str, path: &str, browser: &Browser) -> String {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("cookie", browser.cookie());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let form = if path == "/login" { ADA } else { "" };
    let request = request.body(Body::from(form)).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    browser.receive(response.headers().get_all("set-cookie"));
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn asking_what_is_left_lets_the_session_end_and_asking_to_stay_does_not() {
    let minute = Duration::from_secs(60);
    let test = TestSessions::of(stay_signed_in::policy());
    let app = stay_signed_in::on(test.sessions(), Accounts::new().unwrap());
    let browser = test.browser();
    send(&app, "POST", "/login", &browser).await;
    assert!(send(&app, "GET", "/", &browser).await.contains("Welcome"));
    for (minutes, method, path, answer) in [
        (18, "GET", "/remaining", r#"{"seconds":120}"#),
        (1, "POST", "/stay", r#"{"seconds":1200}"#),
        (19, "GET", "/remaining", r#"{"seconds":60}"#),
        (1, "GET", "/remaining", r#"{"seconds":null}"#),
    ] {
        test.advance(minute * minutes);
        assert_eq!(send(&app, method, path, &browser).await, answer);
    }
    assert!(send(&app, "GET", "/", &browser).await.contains("Log in"));
}

#[tokio::test]
async fn a_visitor_keeps_the_cart_whichever_release_answers() {
    for order in [
        ["before", "first", "before", "first"],
        ["first", "before", "first", "before"],
        ["first", "second", "first", "second"],
        ["before", "second", "second", "first"],
    ] {
        let (app, browser) = (changed_type::app().unwrap(), Browser::new());
        let mut cart = String::new();
        for (release, name) in order.iter().zip(["tea", "cup", "tea", "pot"]) {
            cart = send(&app, "POST", &format!("/{release}/{name}"), &browser).await;
        }
        assert_eq!(cart, r#"{"counts":{"cup":1,"pot":1,"tea":2}}"#, "{order:?}");
    }
}
