//! How an application tests handlers behind a login, a guard and a form, and its sockets.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use cookbook::accounts::Accounts;
use cookbook::new_password;
use session_axum::{Policy, Rejection, Session, SessionLayer};
use session_testkit::app::{Browser, TestSessions};
use tower::ServiceExt;

/// Sends a form as a browser does from a page of the application, and returns the status and the text of the answer.
async fn send(app: &Router, path: &str, form: &str, browser: &Browser) -> (u16, String) {
    let method = if form.is_empty() { "GET" } else { "POST" };
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header("cookie", browser.cookie())
        .header("content-type", "application/x-www-form-urlencoded")
        // Without it the guard refuses.
        .header("sec-fetch-site", "same-origin");
    let request = request.body(Body::from(form.to_owned())).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    browser.receive(response.headers().get_all("set-cookie"));
    let status = response.status().as_u16();
    let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(text.to_vec()).unwrap())
}

/// A socket's wait without the socket: the answer comes when the session has ended.
async fn wait(session: Session) -> Result<&'static str, Rejection> {
    session.ended()?.await;
    Ok("ended")
}

/// The wait looks again by real time, as often as a policy may say.
fn sessions() -> TestSessions {
    let policy = Policy::builder().idle(Duration::from_secs(20 * 60));
    TestSessions::of(policy.watch_every(Duration::from_millis(100)))
}

#[tokio::test]
async fn a_new_password_ends_the_other_devices_and_their_sockets_at_once() {
    let (test, accounts) = (sessions(), Accounts::new().unwrap());
    let app = new_password::on(test.sessions(), accounts.clone()).unwrap();
    let socket = Router::new().route("/", get(wait));
    let socket = socket.layer(SessionLayer::new(test.sessions()));
    let [ada, thief, bob] =
        ["ada", "ada", "bob"].map(|name| test.signed_in(accounts.sign_in_of(name).unwrap()));
    for (form, status) in [
        ("present=x&new=battery+staple", 401),
        ("present=correct+horse&new=short", 422),
    ] {
        assert_eq!(send(&app, "/password", form, &ada).await.0, status);
    }

    let form = "present=correct+horse&new=battery+staple";
    let both = async {
        tokio::join!(
            send(&socket, "/", "", &thief),
            send(&app, "/password", form, &ada)
        )
    };
    let limit = Duration::from_secs(20);
    let (ended, changed) = tokio::time::timeout(limit, both).await.unwrap();
    assert_eq!(ended, (200, "ended".into()));
    assert_eq!(changed.1, "changed; 1 other devices are signed out");
    for (browser, status) in [(&ada, 200), (&thief, 401), (&bob, 200)] {
        assert_eq!(send(&app, "/password", "", browser).await.0, status);
    }
    for (password, status) in [("correct+horse", 401), ("battery+staple", 303)] {
        let login = format!("name=ada&password={password}");
        assert_eq!(send(&app, "/login", &login, &thief).await.0, status);
    }
}

#[tokio::test]
async fn a_socket_ends_with_a_session_that_the_clock_ends() {
    let test = sessions();
    let socket = Router::new().route("/", get(wait));
    let socket = socket.layer(SessionLayer::new(test.sessions()));
    let ada = test.signed_in("ada");
    let both = async {
        tokio::join!(send(&socket, "/", "", &ada), async {
            test.advance(Duration::from_secs(20 * 60));
        })
    };
    let limit = Duration::from_secs(20);
    let (ended, ()) = tokio::time::timeout(limit, both).await.unwrap();
    assert_eq!(ended, (200, "ended".into()));
}
