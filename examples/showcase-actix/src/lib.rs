//! The showcase on actix-web.

use std::io;
use std::net::TcpListener;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, LOCATION,
    ORIGIN, USER_AGENT,
};
use actix_web::middleware::Condition;
use actix_web::web::{self, Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use session_actix::{SessionExt, SessionMiddleware};
use showcase::{Answer, App, Stop};

/// Serves until the server is stopped; workers have their own threads.
///
/// # Errors
///
/// The listener failed.
pub async fn serve(app: App, listener: TcpListener, stop: Stop) -> io::Result<()> {
    HttpServer::new(move || mount(app.clone()))
        // A client that has gone is noticed while it waits for a stream's next event.
        .h1_allow_half_closed(false)
        .listen(listener)?
        .shutdown_signal(stop)
        .run()
        .await
}

/// Mounts the application.
pub fn mount(
    app: App,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let first = app.sessions().clone();
    let second = app.second().cloned();
    let has_second = second.is_some();
    let second = SessionMiddleware::new(second.unwrap_or_else(|| first.clone()));
    actix_web::App::new()
        .app_data(Data::new(app))
        .default_service(web::to(respond))
        .wrap(SessionMiddleware::new(first))
        .wrap(Condition::new(has_second, second.named::<Second>()))
}

/// The name of the middleware of `--second`.
struct Second;

async fn respond(app: Data<App>, head: HttpRequest, body: Payload) -> HttpResponse {
    let Some(handle) = head.session_handle() else {
        return response(Answer::error(500, "no session middleware"));
    };
    let Ok(Ok(body)) = body.to_bytes_limited(2 << 20).await else {
        return response(Answer::error(413, "the body is too large"));
    };
    let value = |name| head.headers().get(name).map(HeaderValue::as_bytes);
    let sole = |name| {
        let values = head.headers().get_all(name);
        showcase::Request::sole(values.map(HeaderValue::as_bytes))
    };
    let text = |name| {
        let text = value(name).and_then(|it| str::from_utf8(it).ok());
        text.unwrap_or_default()
    };
    let request = showcase::Request {
        method: head.method().as_str(),
        path: head.path(),
        query: head.query_string(),
        user_agent: text(USER_AGENT),
        accept: text(ACCEPT),
        cookie: value(COOKIE),
        host: value(HOST),
        origin: sole(ORIGIN),
        fetch_site: sole(HeaderName::from_static("sec-fetch-site")),
        body: &body,
    };
    let second = head.session_handle_named::<Second>();
    response(app.respond(request, &handle, second.as_ref()).await)
}

fn response(answer: Answer) -> HttpResponse {
    // Every status comes from the application or was checked by it.
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(kind) = answer.content_type {
        response.insert_header((CONTENT_TYPE, kind));
    }
    if let Some(location) = answer.location {
        response.insert_header((LOCATION, &*location));
    }
    if let Some(methods) = answer.allow {
        response.insert_header((ALLOW, methods));
    }
    if let Some(caches) = answer.cache_control {
        response.insert_header((CACHE_CONTROL, caches));
    }
    match answer.body {
        showcase::Body::Text(text) => response.body(text),
        showcase::Body::Late(session) => response.streaming(stream::once(async move {
            io::Result::Ok(web::Bytes::from_static(
                showcase::Body::late(&session).as_bytes(),
            ))
        })),
        showcase::Body::Ended(ending) => {
            response.streaming(stream::unfold(ending, async |mut ending| {
                let piece = web::Bytes::from_static(ending.next().await?.as_bytes());
                Some((io::Result::Ok(piece), ending))
            }))
        }
    }
}
