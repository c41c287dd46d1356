//! The showcase on axum.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, USER_AGENT,
};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use futures_util::stream;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use session_axum::SessionLayer;
use showcase::{Answer, App, Stop};

/// Serves until the server is stopped.
///
/// # Errors
///
/// The listener failed.
pub async fn serve(app: App, listener: TcpListener, stop: Stop) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = router(app);
    // `axum::serve` has no limit of its own; without one, a client that never ends its request's head
    // keeps its connection.
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT);
    let graceful = GracefulShutdown::new();
    let mut stop = stop;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            // There are no descriptors left; wait for some.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(graceful.watch(connection));
    }
    graceful.shutdown().await;
    Ok(())
}

/// The time that a client has for the head of a request.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// Mounts the application.
pub fn router(app: App) -> Router {
    let first = SessionLayer::new(app.sessions().clone());
    let second = app.second().cloned();
    let router = Router::new().fallback(respond).with_state(app).layer(first);
    match second {
        Some(second) => router.layer(SessionLayer::new(second).named::<Second>()),
        None => router,
    }
}

/// The name of the layer of `--second`.
struct Second;

async fn respond(State(app): State<App>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Some(handle) = session_axum::handle(&head.extensions) else {
        return response(Answer::error(500, "no session layer"));
    };
    let Ok(body) = to_bytes(body, 2 << 20).await else {
        return response(Answer::error(413, "the body is too large"));
    };
    let value = |name| head.headers.get(name).map(HeaderValue::as_bytes);
    let sole = |name| {
        let values = head.headers.get_all(name).iter();
        showcase::Request::sole(values.map(HeaderValue::as_bytes))
    };
    let text = |name| {
        let text = value(name).and_then(|it| str::from_utf8(it).ok());
        text.unwrap_or_default()
    };
    let request = showcase::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        user_agent: text(USER_AGENT),
        accept: text(ACCEPT),
        cookie: value(COOKIE),
        host: value(HOST),
        origin: sole(ORIGIN),
        fetch_site: sole(HeaderName::from_static("sec-fetch-site")),
        body: &body,
    };
    let second = session_axum::handle_named::<Second>(&head.extensions);
    response(app.respond(request, handle, second).await)
}

fn response(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    if let Some(kind) = answer.content_type {
        response = response.header(CONTENT_TYPE, kind);
    }
    if let Some(location) = answer.location {
        response = response.header(LOCATION, &*location);
    }
    if let Some(methods) = answer.allow {
        response = response.header(ALLOW, methods);
    }
    if let Some(caches) = answer.cache_control {
        response = response.header(CACHE_CONTROL, caches);
    }
    let body = match answer.body {
        showcase::Body::Text(text) => Body::from(text),
        showcase::Body::Late(session) => Body::from_stream(stream::once(async move {
            io::Result::Ok(showcase::Body::late(&session))
        })),
        showcase::Body::Ended(ending) => {
            Body::from_stream(stream::unfold(ending, async |mut ending| {
                let piece = ending.next().await?;
                Some((io::Result::Ok(piece), ending))
            }))
        }
    };
    // Every part is a constant of the application.
    response.body(body).unwrap_or_default()
}
