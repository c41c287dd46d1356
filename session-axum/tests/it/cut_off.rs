//! A response for a handler that never finished.

use std::future::pending;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::poll_immediate;
use session_axum::{Rejection, Session, SessionHandle};

use crate::support::Site;

/// Answers with a status in place of a handler that waits.
async fn limit(status: u16, request: Request, next: Next) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    match poll_immediate(next.run(request)).await {
        Some(answered) => answered,
        None => status.into_response(),
    }
}

/// The same for routes.
fn limited(routes: Router, status: u16) -> Router {
    routes.layer(from_fn(move |request, next| limit(status, request, next)))
}

async fn transfer(session: Session) {
    session.insert("debited", 1).unwrap();
    pending::<()>().await;
    session.insert("credited", 1).unwrap();
}

async fn whole(session: Session) {
    let all = session.all_or_nothing();
    session.insert("debited", 1).unwrap();
    pending::<()>().await;
    session.insert("credited", 1).unwrap();
    all.done();
}

/// It goes on in a task, which no time limit ends.
async fn in_a_task(session: Session) {
    let (told, answered) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let all = session.all_or_nothing();
        session.insert("debited", 1).unwrap();
        let _ = told.send(());
        pending::<()>().await;
        all.done();
    });
    answered.await.unwrap();
}

#[tokio::test]
async fn a_handler_that_was_cut_off_commits_nothing() {
    for status in [408, 499, 500, 503, 504] {
        let site = Site::new(limited(Router::new().route("/", get(transfer)), status));
        let seen = site.get("/", "").await;
        assert_eq!(seen.status, status);
        assert_eq!(seen.set_cookies(), [""; 0], "{status}");
        assert_eq!(site.spy.take().total(), 0, "{status}");
    }
}

#[tokio::test]
async fn changes_that_belong_together_are_dropped_together_whatever_the_status() {
    for status in [200, 303, 400, 404, 408, 429, 503] {
        let site = Site::new(limited(Router::new().route("/", get(whole)), status));
        let seen = site.get("/", "").await;
        assert_eq!(seen.set_cookies(), [""; 0], "{status}");
        assert_eq!(site.spy.take().total(), 0, "{status}");
    }
    let early = async |session: Session| -> Result<(), Rejection> {
        let _all = session.all_or_nothing();
        session.insert("debited", 1)?;
        session.reauthenticate()?;
        Ok(())
    };
    let finished = async |session: Session| {
        let all = session.all_or_nothing();
        session.insert("debited", 1).unwrap();
        session.insert("credited", 1).unwrap();
        all.done();
    };
    let routes = Router::new()
        .route("/early", get(early))
        .route("/finished", get(finished))
        .route("/task", get(in_a_task));
    let site = Site::new(routes);
    assert_eq!(site.get("/early", "").await.status, 401);
    assert_eq!(site.get("/task", "").await.status, 200);
    assert_eq!(site.spy.take().total(), 0);
    assert_eq!(site.get("/finished", "").await.set_cookies().len(), 1);
}

#[tokio::test]
async fn what_was_saved_or_ended_before_a_cut_off_holds() {
    let save = async |session: Session| {
        session.insert("saved", 1).unwrap();
        session.save().await.unwrap();
        session.insert("lost", 1).unwrap();
        pending::<()>().await;
    };
    let logout = async |session: SessionHandle| {
        session.destroy().unwrap();
        pending::<()>().await;
    };
    let read = async |session: Session| session.keys().join(" ");
    let routes = Router::new()
        .route("/save", get(save))
        .route("/logout", get(logout))
        .route("/read", get(read));
    let site = Site::new(limited(routes, 408));
    let saved = site.get("/save", "").await;
    assert_eq!(site.get("/read", &saved.cookie()).await.body, "saved");
    let ended = site.get("/logout", &saved.cookie()).await;
    assert!(ended.set_cookies()[0].contains("Max-Age=0"));
    assert_eq!(site.memory.len(), 0);
}
