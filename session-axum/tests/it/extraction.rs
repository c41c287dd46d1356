//! Extraction in handlers and middleware.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use session_axum::{Rejection, Session, SessionError, SessionHandle, SessionLayer};

use crate::support::{Site, send, write};

#[tokio::test]
async fn a_missing_layer_is_an_opaque_500() {
    let app = Router::new()
        .route("/session", get(async |_: Session| "unreachable"))
        .route("/handle", get(async |_: SessionHandle| "unreachable"));
    for path in ["/session", "/handle"] {
        let seen = send(&app, "GET", path, "").await;
        assert_eq!(seen.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(seen.body, r#"{"error":"internal server error"}"#);
    }
}

#[test]
fn a_missing_layer_is_named_in_the_log() {
    let rejection = Rejection(SessionError::NotAttached { name: "()" });
    let text = rejection.to_string();
    assert!(text.contains("no session layer, middleware or fairing `()`"));
}

#[tokio::test]
async fn an_optional_session_is_none_without_a_layer() {
    let routes = Router::new().route(
        "/",
        get(async |session: Option<Session>| session.is_some().to_string()),
    );
    assert_eq!(send(&routes, "GET", "/", "").await.body, "false");
    assert_eq!(Site::new(routes).get("/", "").await.body, "true");
}

#[tokio::test]
async fn an_outage_keeps_the_handler_from_running_and_the_cookie_alone() {
    let ran = Arc::new(AtomicBool::new(false));
    let mark = |ran: &Arc<AtomicBool>| {
        let ran = Arc::clone(ran);
        move || ran.store(true, Ordering::Relaxed)
    };
    let (plain, optional) = (mark(&ran), mark(&ran));
    let routes = Router::new()
        .route("/write", post(write))
        .route("/plain", get(async move |_: Session| plain()))
        .route("/optional", get(async move |_: Option<Session>| optional()));
    let site = Site::new(routes);
    let cookie = site.visitor().await;
    site.faults.go_down();
    site.get("/plain", &cookie).await.is_outage();
    site.get("/optional", &cookie).await.is_outage();
    assert!(!ran.load(Ordering::Relaxed));
    site.faults.come_up();
    let seen = site.get("/plain", &cookie).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(ran.load(Ordering::Relaxed));
}

#[tokio::test]
async fn extractors_and_middleware_share_one_load() {
    async fn middleware(request: Request, next: Next) -> Response {
        let handle = session_axum::handle(request.extensions()).unwrap();
        handle.load().await.unwrap().insert("outer", 1).unwrap();
        next.run(request).await
    }
    async fn handler(one: Session, handle: SessionHandle, other: Session) -> String {
        assert!(handle.peek().is_some());
        other.insert("inner", 2).unwrap();
        one.keys().join(",")
    }
    let routes = Router::new()
        .route("/", get(handler))
        .route("/write", post(write))
        .layer(from_fn(middleware));
    let site = Site::new(routes);
    let cookie = site.visitor().await;
    assert_eq!(site.get("/", &cookie).await.body, "outer,hits,inner");
    let calls = site.spy.take();
    assert_eq!((calls.load, calls.replace), (1, 1));
}

#[tokio::test]
async fn an_extractor_after_a_new_id_writes_to_the_new_session() {
    async fn middleware(request: Request, next: Next) -> Response {
        let handle = session_axum::handle(request.extensions()).unwrap();
        handle.load().await.unwrap().sign_in("ada").unwrap();
        next.run(request).await
    }
    let late = async |session: Session| session.insert("late", 1).unwrap();
    let routes = Router::new()
        .route("/", get(late))
        .layer(from_fn(middleware))
        .route("/write", post(write))
        .route(
            "/keys",
            get(async |session: Session| session.keys().join(",")),
        );
    let site = Site::new(routes);
    let before = site.visitor().await;
    let after = site.get("/", &before).await.cookie();
    assert_eq!(site.get("/keys", &after).await.body, "hits,late");
    assert_eq!(site.get("/keys", &before).await.body, "hits");
}

#[tokio::test]
async fn an_early_return_of_inner_middleware_commits() {
    async fn doorman(request: Request, _: Next) -> Response {
        let handle = session_axum::handle(request.extensions()).unwrap();
        handle
            .load()
            .await
            .unwrap()
            .insert("turned", "away")
            .unwrap();
        StatusCode::FORBIDDEN.into_response()
    }
    let routes = Router::new()
        .route("/", get(async || "unreachable"))
        .layer(from_fn(doorman));
    let site = Site::new(routes);
    let seen = site.get("/", "").await;
    assert_eq!(seen.status, StatusCode::FORBIDDEN);
    seen.cookie();
    assert_eq!(site.memory.len(), 1);
}

#[tokio::test]
async fn nested_routers_see_the_session_of_the_outer_one() {
    let inner = Router::new().route("/write", post(write));
    let routes = Router::new()
        .nest("/deep", Router::new().nest("/er", inner))
        .fallback(async |session: Session| session.len().to_string());
    let site = Site::new(routes);
    let cookie = site.post("/deep/er/write", "").await.cookie();
    assert_eq!(site.get("/elsewhere", &cookie).await.body, "1");
}

#[tokio::test]
async fn a_route_layer_serves_its_routes_only() {
    let site = Site::usual();
    let app = Router::new()
        .route("/inside", get(async |_: Session| ()))
        .route_layer(SessionLayer::new(site.sessions.clone()))
        .route("/outside", get(async |_: Session| ()));
    assert_eq!(send(&app, "GET", "/inside", "").await.status, 200);
    assert_eq!(send(&app, "GET", "/outside", "").await.status, 500);
}

#[tokio::test]
async fn framework_free_code_takes_the_extractor() {
    fn shared(session: &session_core::Session) -> usize {
        session.len()
    }
    let routes = Router::new().route(
        "/",
        get(async |session: Session| {
            let kept = session.clone().into_inner();
            kept.insert("a", 1).unwrap();
            format!("{} {session:?}", shared(&session))
        }),
    );
    let seen = Site::new(routes).get("/", "").await;
    assert!(seen.body.starts_with("1 Session"), "{}", seen.body);
}
