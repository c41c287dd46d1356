//! The showcase on Rocket.

use std::io::{self, Cursor};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use rocket::config::LogLevel;
use rocket::data::ToByteUnit;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::outcome::Outcome;
use rocket::response::Responder;
use rocket::response::stream::ByteStream;
use rocket::route::{self, Handler, Route};
use rocket::{Build, Config, Data, Request, Response, Rocket, async_trait, response};
use session_rocket::{SessionFairing, SessionHandle};
use showcase::{Answer, App, Body, Endpoint, Stop};

/// Serves until the server is stopped.
///
/// # Errors
///
/// The address can't be bound, or not announced.
pub async fn serve(app: App, endpoint: Endpoint, stop: Stop) -> io::Result<()> {
    let address = endpoint.address();
    let config = Config {
        address: address.ip(),
        port: address.port(),
        ..quiet()
    };
    // A fairing must be `Sync`.
    let stop = Mutex::new(stop);
    let silenced = Arc::<Mutex<Option<io::Error>>>::default();
    let failure = Arc::clone(&silenced);
    let announcing = endpoint.clone();
    let liftoff = AdHoc::on_liftoff("address and end", move |rocket| {
        Box::pin(async move {
            let Config { address, port, .. } = *rocket.config();
            let shutdown = rocket.shutdown();
            let stop = stop.into_inner().unwrap_or_else(PoisonError::into_inner);
            match announcing.announce(SocketAddr::new(address, port)) {
                Ok(()) => drop(tokio::spawn(async move {
                    stop.await;
                    shutdown.notify();
                })),
                // A fairing can't return it.
                Err(error) => {
                    *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    shutdown.notify();
                }
            }
        })
    });
    match self::rocket(&app)
        .configure(config)
        .attach(liftoff)
        .launch()
        .await
    {
        Ok(_) => {
            let mut silenced = silenced.lock().unwrap_or_else(PoisonError::into_inner);
            silenced.take().map_or(Ok(()), Err)
        }
        Err(error) => match error.kind() {
            ErrorKind::Bind(error) => Err(endpoint.refused(error)),
            // Some requests did not end within the grace period.
            ErrorKind::Shutdown(_, None) => Ok(()),
            kind => Err(io::Error::other(kind.to_string())),
        },
    }
}

/// Mounts the application.
#[must_use]
pub fn rocket(app: &App) -> Rocket<Build> {
    let first = SessionFairing::new(app.sessions().clone());
    let second = app.second().cloned().map(SessionFairing::new);
    let routes = METHODS.map(|method| Route::new(method, "/<path..>", Everything(app.clone())));
    let rocket = rocket::custom(quiet())
        .mount("/", routes.to_vec())
        .attach(first);
    match second {
        Some(second) => rocket.attach(second.named::<Second>()),
        None => rocket,
    }
}

/// Returns a configuration without Rocket's log on stdout and without its signal handlers.
fn quiet() -> Config {
    let mut config = Config {
        log_level: LogLevel::Off,
        ..Config::default()
    };
    config.shutdown.ctrlc = false;
    #[cfg(unix)]
    config.shutdown.signals.clear();
    config
}

const METHODS: [Method; 9] = [
    Method::Get,
    Method::Put,
    Method::Post,
    Method::Delete,
    Method::Options,
    Method::Head,
    Method::Trace,
    Method::Connect,
    Method::Patch,
];

/// The name of the fairing of `--second`.
struct Second;

/// The handler of the one route; the application does its own routing.
#[derive(Clone)]
struct Everything(App);

#[async_trait]
impl Handler for Everything {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let answer = respond(&self.0, request, data).await;
        match answer.and_then(|answer| response(request, answer)) {
            Ok(response) => Outcome::Success(response),
            Err(status) => Outcome::Error(status),
        }
    }
}

async fn respond(app: &App, request: &Request<'_>, data: Data<'_>) -> Result<Answer, Status> {
    let first = handle::<()>(request).await?;
    let second = match app.second() {
        Some(_) => Some(handle::<Second>(request).await?),
        None => None,
    };
    let body = match data.open(2.mebibytes()).into_bytes().await {
        Ok(body) if body.is_complete() => body.into_inner(),
        Ok(_) => return Ok(Answer::error(413, "the body is too large")),
        Err(_) => return Ok(Answer::error(400, "the body ended early")),
    };
    let uri = request.uri();
    let value = |name| request.headers().get_one(name);
    let sole = |name| {
        let values = request.headers().get(name);
        showcase::Request::sole(values.map(str::as_bytes))
    };
    let request = showcase::Request {
        method: request.method().as_str(),
        path: uri.path().as_str(),
        query: uri.query().map_or("", |query| query.as_str()),
        user_agent: value("User-Agent").unwrap_or_default(),
        accept: value("Accept").unwrap_or_default(),
        cookie: value("Cookie").map(str::as_bytes),
        host: value("Host").map(str::as_bytes),
        origin: sole("Origin"),
        fetch_site: sole("Sec-Fetch-Site"),
        body: &body,
    };
    Ok(app.respond(request, &*first, second.as_deref()).await)
}

async fn handle<M: 'static>(request: &Request<'_>) -> Result<SessionHandle<M>, Status> {
    match request.guard().await {
        Outcome::Success(handle) => Ok(handle),
        Outcome::Error((status, _)) | Outcome::Forward(status) => Err(status),
    }
}

fn response<'r>(request: &'r Request<'_>, answer: Answer) -> response::Result<'r> {
    let mut response = match answer.body {
        Body::Text(text) => Response::build()
            .sized_body(text.len(), Cursor::new(text))
            .finalize(),
        Body::Late(session) => {
            let late = stream::once(async move { Body::late(&session) });
            ByteStream(late).respond_to(request)?
        }
        Body::Ended(ending) => {
            let events = stream::unfold(ending, |mut ending| async {
                let piece = ending.next().await?;
                Some((piece, ending))
            });
            ByteStream(events).respond_to(request)?
        }
    };
    response.set_status(Status::new(answer.status));
    if let Some(kind) = answer.content_type {
        response.set_raw_header("Content-Type", kind);
    }
    if let Some(location) = answer.location {
        response.set_raw_header("Location", location);
    }
    if let Some(methods) = answer.allow {
        response.set_raw_header("Allow", methods);
    }
    if let Some(caches) = answer.cache_control {
        response.set_raw_header("Cache-Control", caches);
    }
    Ok(response)
}
