//! The routes pass the HTTP suite without a socket too, as in an application's tests.
#![allow(clippy::unwrap_used)]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use session_testkit::http::{
    App, BoxError, NEED_CONNECTIONS, Request, Response, Server, http_suite_but,
};
use tower::ServiceExt;

#[path = "../../showcase/checks/events.rs"]
mod events;

#[derive(Debug)]
struct InProcess;

#[derive(Debug)]
struct Running(Router);

#[async_trait]
impl Server for InProcess {
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        let all = [&["--store", "memory", "--insecure"], flags].concat();
        let app = showcase::prepare("axum", &all).await?;
        Ok(mount(app).await)
    }
}

async fn mount(app: showcase::App) -> Arc<dyn App> {
    Arc::new(Running(showcase_axum::router(app)))
}

#[async_trait]
impl App for Running {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        let mut head = http::Request::builder()
            .method(request.method)
            .uri(&request.target);
        for (name, value) in &request.headers {
            head = head.header(&**name, &**value);
        }
        let request = head.body(Body::from(request.body))?;
        // A panic closes the connection of a real server.
        let answered = AssertUnwindSafe(self.0.clone().oneshot(request)).catch_unwind();
        let response = answered.await.map_err(|_| "the handler panicked")??;
        let (head, body) = response.into_parts();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        Ok(Response {
            status: head.status.as_u16(),
            headers: headers.collect(),
            body: body.collect().await?.to_bytes().to_vec(),
        })
    }
}

#[tokio::test]
async fn each_event_is_told_once() {
    events::are_told(mount).await;
}

#[tokio::test]
async fn the_routes_pass_the_http_suite() {
    let outcome = http_suite_but("axum, in process", &InProcess, &NEED_CONNECTIONS).await;
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}

#[tokio::test]
async fn another_method_gets_the_paths_methods() {
    let app = InProcess.start(&[]).await.unwrap();
    for (method, target, status, allow) in [
        ("POST", "/", 405, Some("GET, HEAD")),
        ("DELETE", "/healthz", 405, Some("GET, HEAD")),
        ("GET", "/form/visit", 405, Some("POST")),
        ("PATCH", "/api/data/x", 405, Some("GET, HEAD, PUT, DELETE")),
        ("GET", "/api/login", 405, Some("POST")),
        ("GET", "/api/data/", 404, None),
        ("GET", "/form/nowhere", 404, None),
    ] {
        let answer = app.send(Request::new(method, target)).await.unwrap();
        let mut headers = answer.headers.iter();
        let found = headers.find(|(name, _)| name == "allow");
        let found = found.map(|(_, value)| std::str::from_utf8(value).unwrap());
        assert_eq!((answer.status, found), (status, allow), "{method} {target}");
    }
}
