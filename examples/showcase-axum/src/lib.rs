//! The showcase on axum.

use std::io;
use std::net::TcpListener;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION};
use axum::response::Response;
use futures_util::stream;
use session_axum::SessionLayer;
use showcase::{Answer, App, Stop};

/// Serves until the server is stopped.
///
/// # Errors
///
/// The listener failed.
pub async fn serve(app: App, listener: TcpListener, stop: Stop) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router(app))
        .with_graceful_shutdown(stop)
        .await
}

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
    let request = showcase::Request {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
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
        response = response.header(LOCATION, location);
    }
    if let Some(methods) = answer.allow {
        response = response.header(ALLOW, methods);
    }
    let body = match answer.body {
        showcase::Body::Text(text) => Body::from(text),
        showcase::Body::Late(session) => Body::from_stream(stream::once(async move {
            io::Result::Ok(showcase::Body::late(&session))
        })),
    };
    // Every part is a constant of the application.
    response.body(body).unwrap_or_default()
}
