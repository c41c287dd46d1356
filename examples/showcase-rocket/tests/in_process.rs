//! The routes pass the HTTP suite without a socket too, as in an application's tests.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use async_trait::async_trait;
use rocket::http::{Header, Method};
use rocket::local::asynchronous::Client;
use session_testkit::http::{
    App, BoxError, NEED_CONNECTIONS, Request, Response, Server, http_suite_but,
};

#[path = "../../showcase/checks/events.rs"]
mod events;

mod known;

#[derive(Debug)]
struct InProcess;

#[derive(Debug)]
struct Running(Client);

#[async_trait]
impl Server for InProcess {
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        let all = [&["--store", "memory", "--insecure"], flags].concat();
        let app = showcase::prepare("rocket", &all).await?;
        Ok(mount(app).await)
    }
}

async fn mount(app: showcase::App) -> Arc<dyn App> {
    let client = Client::untracked(showcase_rocket::rocket(&app)).await;
    Arc::new(Running(client.unwrap()))
}

#[async_trait]
impl App for Running {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        let method: Method = request.method.parse().map_err(|()| "no such method")?;
        let mut local = self.0.req(method, request.target).body(request.body);
        for (name, value) in request.headers {
            // Rocket's server drops headers that are not text.
            if let Ok(value) = String::from_utf8(value) {
                local.add_header(Header::new(name, value));
            }
        }
        let response = local.dispatch().await;
        let headers = response.headers().iter();
        Ok(Response {
            status: response.status().code,
            headers: headers
                .map(|header| (header.name().to_string(), header.value().into()))
                .collect(),
            body: response.into_bytes().await.unwrap_or_default(),
        })
    }
}

#[tokio::test]
async fn each_event_is_told_once() {
    events::are_told(mount).await;
}

#[tokio::test]
async fn the_routes_pass_the_http_suite() {
    let impossible = [&NEED_CONNECTIONS[..], &known::OF_THE_FRAMEWORK].concat();
    let outcome = http_suite_but("rocket, in process", &InProcess, &impossible).await;
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}
