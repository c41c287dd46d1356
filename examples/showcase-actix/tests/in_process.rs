//! The routes pass the HTTP suite without a socket too, as in an application's tests.
#![allow(clippy::unwrap_used)]

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::rt;
use actix_web::test::{TestRequest, init_service};
use async_trait::async_trait;
use futures_util::FutureExt;
use session_testkit::http::{
    App, BoxError, NEED_CONNECTIONS, Request, Response, Server, http_suite_but,
};
use tokio::sync::{mpsc, oneshot};

#[path = "../../showcase/checks/events.rs"]
mod events;

#[derive(Debug)]
struct InProcess;

/// A sender of requests to the thread that built the application.
#[derive(Debug)]
struct Running(mpsc::UnboundedSender<(Request, Sender)>);

type Sender = oneshot::Sender<Result<Response, BoxError>>;

#[async_trait]
impl Server for InProcess {
    async fn start(&self, flags: &[&str]) -> Result<Arc<dyn App>, BoxError> {
        let all = [&["--store", "memory", "--insecure"], flags].concat();
        let app = showcase::prepare("actix", &all).await?;
        Ok(mount(app).await)
    }
}

async fn mount(app: showcase::App) -> Arc<dyn App> {
    let (requests, mut asked) = mpsc::unbounded_channel::<(Request, Sender)>();
    // It ends when all senders are gone.
    thread::spawn(move || {
        rt::System::new().block_on(async {
            let service = Rc::new(init_service(showcase_actix::mount(app)).await);
            while let Some((request, answer)) = asked.recv().await {
                let service = Rc::clone(&service);
                rt::spawn(async move {
                    let called = service.call(test_request(request).to_request());
                    // A panic closes the connection of a real server.
                    let answered = match AssertUnwindSafe(called).catch_unwind().await {
                        Ok(Ok(response)) => whole(response).await,
                        Ok(Err(error)) => Err(error.to_string().into()),
                        Err(_) => Err("the handler panicked".into()),
                    };
                    let _ = answer.send(answered);
                });
            }
        });
    });
    Arc::new(Running(requests))
}

#[async_trait]
impl App for Running {
    async fn send(&self, request: Request) -> Result<Response, BoxError> {
        let is_head = request.method == "HEAD";
        let (answer, answered) = oneshot::channel();
        self.0.send((request, answer))?;
        let mut response = answered.await??;
        // On a connection, the server omits the body of HEAD.
        if is_head {
            response.body.clear();
        }
        Ok(response)
    }
}

fn test_request(request: Request) -> TestRequest {
    let mut head = TestRequest::with_uri(&request.target)
        .method(Method::from_bytes(request.method.as_bytes()).unwrap());
    for (name, value) in request.headers {
        head = head.append_header((name, HeaderValue::from_bytes(&value).unwrap()));
    }
    head.set_payload(request.body)
}

async fn whole(response: ServiceResponse<impl MessageBody>) -> Result<Response, BoxError> {
    let (head, body) = response.into_parts().1.into_parts();
    let headers = head
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let headers = headers.collect();
    let body = to_bytes(body).await.map_err(|_| "the body broke off")?;
    Ok(Response {
        status: head.status().as_u16(),
        headers,
        body: body.to_vec(),
    })
}

#[test]
fn each_event_is_told_once() {
    pollster::block_on(events::are_told(mount));
}

#[test]
fn the_routes_pass_the_http_suite() {
    let suite = http_suite_but("actix, in process", &InProcess, &NEED_CONNECTIONS);
    let outcome = pollster::block_on(suite);
    assert!(outcome.unwrap_or_else(|failures| panic!("{failures}")) > 0);
}
