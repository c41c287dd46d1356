//! The servers: login, logout, the stream and the WebSocket.

use std::io;
use std::net::TcpListener;

use actix_web::HttpServer;
use actix_web::web::Data;
use axum::Router;
use axum::routing::post;
use rocket::{Build, Rocket, routes};
use session_actix::SessionMiddleware;
use session_axum::SessionLayer;
use session_core::Sessions;
use session_extras::Csrf;
use session_rocket::SessionFairing;

use crate::{actix_sse, actix_ws, axum_sse, axum_ws, rocket_sse, rocket_ws};

/// Serves on axum.
///
/// # Errors
///
/// The listener failed.
pub async fn axum(sessions: Sessions, csrf: Csrf, listener: TcpListener) -> io::Result<()> {
    async fn login(session: session_axum::Session) -> Result<(), session_axum::Rejection> {
        session.sign_in("ada")
    }
    async fn logout(session: session_axum::Session) -> Result<(), session_axum::Rejection> {
        session.destroy()
    }
    let router = Router::new()
        .route("/login", post(login))
        .route("/logout", post(logout))
        .merge(axum_sse::routes())
        .merge(axum_ws::routes(csrf))
        .layer(SessionLayer::new(sessions));
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    axum::serve(listener, router).await
}

/// Serves on actix-web.
///
/// # Errors
///
/// The listener failed.
pub async fn actix(sessions: Sessions, csrf: Csrf, listener: TcpListener) -> io::Result<()> {
    #[actix_web::post("/login")]
    async fn login(
        session: session_actix::Session,
    ) -> Result<&'static str, session_actix::Rejection> {
        session.sign_in("ada").map(|()| "")
    }
    #[actix_web::post("/logout")]
    async fn logout(
        session: session_actix::Session,
    ) -> Result<&'static str, session_actix::Rejection> {
        session.destroy().map(|()| "")
    }
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(Data::new(csrf.clone()))
            .service((login, logout, actix_sse::events, actix_ws::open))
            .wrap(SessionMiddleware::new(sessions.clone()))
    });
    server.workers(1).listen(listener)?.run().await
}

/// Mounts everything on Rocket.
#[must_use]
pub fn rocket(sessions: Sessions, csrf: Csrf) -> Rocket<Build> {
    #[rocket::post("/login")]
    fn login(session: session_rocket::Session) -> Result<(), session_rocket::Rejection> {
        session.sign_in("ada")
    }
    #[rocket::post("/logout")]
    fn logout(session: session_rocket::Session) -> Result<(), session_rocket::Rejection> {
        session.destroy()
    }
    let routes = routes![login, logout, rocket_sse::events, rocket_ws::open];
    rocket::build()
        .manage(csrf)
        .mount("/", routes)
        .attach(SessionFairing::new(sessions))
}
