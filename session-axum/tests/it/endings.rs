//! The end of a request, and what it commits.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use futures_util::stream;
use session_axum::{
    Rejection, RequestSession, Session, SessionError, SessionLayer, SessionService,
};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Site, request, write};

#[tokio::test]
async fn errors_of_the_client_commit_and_errors_of_the_server_do_not() {
    let routes = Router::new().route(
        "/{status}",
        get(async |Path(status): Path<u16>, session: Session| {
            session.insert("status", status).unwrap();
            StatusCode::from_u16(status).unwrap()
        }),
    );
    let site = Site::new(routes);
    for status in [200, 204, 304, 404, 498] {
        let seen = site.get(&format!("/{status}"), "").await;
        assert_eq!(seen.set_cookies().len(), 1, "{status}");
        assert_eq!(site.spy.take().insert, 1, "{status}");
    }
    for status in [408, 499, 500, 503, 599] {
        let seen = site.get(&format!("/{status}"), "").await;
        assert_eq!(seen.status, status);
        assert_eq!(seen.set_cookies(), [""; 0], "{status}");
        assert_eq!(site.spy.take().total(), 0, "{status}");
    }
}

#[tokio::test]
async fn a_failed_commit_is_an_outage_without_a_cookie() {
    let site = Site::usual();
    site.faults.go_down();
    site.post("/write", "").await.is_outage();
    site.faults.come_up();
    let cookie = site.visitor().await;
    // The load succeeds, the write fails.
    site.faults.fail(site.faults.calls() + 2);
    site.post("/write", &cookie).await.is_outage();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
    site.faults.go_down();
    site.post("/logout", &cookie).await.is_outage();
    site.faults.come_up();
    assert_eq!(site.get("/read", &cookie).await.body, "1");
}

#[tokio::test]
async fn a_panic_commits_nothing_and_closes_the_session() {
    let leaked: Arc<Mutex<Option<Session>>> = Arc::default();
    let slot = Arc::clone(&leaked);
    let panics = async move |session: Session| -> () {
        session.insert("panicked", true).unwrap();
        session.destroy().unwrap();
        session.insert("panicked", true).unwrap();
        *slot.lock().unwrap() = Some(session);
        panic!("as asked");
    };
    let routes = Router::new()
        .route("/panic", get(panics))
        .route("/write", post(write));
    let site = Site::new(routes);
    let cookie = site.visitor().await;
    let service = site.app.clone();
    let call = tokio::spawn(service.oneshot(request("GET", "/panic", &cookie)));
    assert!(call.await.unwrap_err().is_panic());
    assert_eq!(site.spy.take().writes(), 0);
    assert_eq!(site.memory.len(), 1);
    let leaked = leaked.lock().unwrap().take().unwrap();
    assert!(matches!(
        leaked.insert("late", 1),
        Err(Rejection(SessionError::Finished))
    ));
    assert!(matches!(
        leaked.save().await,
        Err(Rejection(SessionError::Finished))
    ));
}

#[tokio::test]
async fn a_client_that_goes_away_commits_nothing() {
    let (reached, wait) = tokio::sync::oneshot::channel();
    let reached = Arc::new(Mutex::new(Some(reached)));
    let hangs = async move |session: Session| -> () {
        session.insert("lost", true).unwrap();
        let reached = reached.lock().unwrap().take().unwrap();
        assert!(reached.send(session).is_ok());
        std::future::pending::<()>().await;
    };
    let site = Site::new(Router::new().route("/", get(hangs)));
    let call = tokio::spawn(site.app.clone().oneshot(request("GET", "/", "")));
    let session = wait.await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    assert!(matches!(
        session.save().await,
        Err(Rejection(SessionError::Finished))
    ));
    assert_eq!(site.spy.take().total(), 0);
}

#[tokio::test]
async fn a_stream_and_a_task_cannot_write_after_the_head() {
    let handler = async |session: Session| {
        session.insert("before", true).unwrap();
        Body::from_stream(stream::once(async move {
            let late = session.insert("after", true);
            Ok::<_, Infallible>(Bytes::from(late.unwrap_err().to_string()))
        }))
    };
    let routes = Router::new()
        .route("/stream", get(handler))
        .route("/", get(async |session: Session| session.keys().join(",")));
    let site = Site::new(routes);
    let seen = site.get("/stream", "").await;
    assert_eq!(seen.body, SessionError::Finished.to_string());
    assert_eq!(site.get("/", &seen.cookie()).await.body, "before");
}

#[tokio::test]
async fn an_early_save_is_stored_and_its_cookie_travels_with_the_head() {
    let handler = async |session: Session| {
        session.insert("saved", true).unwrap();
        session.save().await.unwrap();
        session.insert("dropped", true).unwrap();
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let routes = Router::new()
        .route("/save", get(handler))
        .route("/", get(async |session: Session| session.keys().join(",")));
    let site = Site::new(routes);
    let seen = site.get("/save", "").await;
    assert_eq!(seen.status, 500);
    assert_eq!(site.get("/", &seen.cookie()).await.body, "saved");
}

#[tokio::test]
async fn a_failed_commit_after_an_early_save_sets_the_cookie_of_the_saved_session() {
    let handler = async |session: Session| {
        session.sign_in("ada").unwrap();
        session.save().await.unwrap();
        session.insert("late", true).unwrap();
    };
    let routes = Router::new()
        .route("/write", post(write))
        .route("/", get(handler))
        .route(
            "/keys",
            get(async |session: Session| session.keys().join(",")),
        );
    let site = Site::new(routes);
    let cookie = site.visitor().await;
    // The load and the sign-in's two writes succeed, the next write fails.
    site.faults.fail(site.faults.calls() + 4);
    let seen = site.get("/", &cookie).await;
    seen.is_unavailable();
    assert_eq!(seen.all("cache-control"), ["private"]);
    assert_eq!(site.get("/keys", &seen.cookie()).await.body, "hits");
    assert_eq!(site.sessions.devices("ada").await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_of_the_service_passes_and_commits_nothing() {
    #[derive(Debug)]
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("broken")
        }
    }
    impl Error for Broken {}

    let site = Site::usual();
    let kept: Arc<Mutex<Option<RequestSession>>> = Arc::default();
    let slot = Arc::clone(&kept);
    let inner = service_fn(move |request: Request<Body>| {
        let slot = Arc::clone(&slot);
        async move {
            let handle = session_axum::handle(request.extensions()).unwrap();
            let session = handle.load().await.unwrap();
            session.insert("lost", 1).unwrap();
            *slot.lock().unwrap() = Some(session);
            Err::<Response<Body>, _>(Broken)
        }
    });
    let service: SessionService<_> = SessionLayer::new(site.sessions.clone()).layer(inner);
    let error = service.oneshot(request("GET", "/", "")).await.unwrap_err();
    assert_eq!(error.to_string(), "broken");
    assert_eq!(site.spy.take().total(), 0);
    let kept = kept.lock().unwrap().take().unwrap();
    assert!(matches!(
        kept.insert("late", 1),
        Err(SessionError::Finished)
    ));
}

#[tokio::test]
async fn bodies_of_other_types_pass_through() {
    let site = Site::usual();
    let inner = service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(Response::new(http_body_util::Full::new(Bytes::from(
            "full",
        ))))
    });
    let service: SessionService<_> = SessionLayer::new(site.sessions.clone()).layer(inner);
    let response = service.oneshot(request("GET", "/", "")).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 100).await;
    assert_eq!(body.unwrap(), "full");
}
