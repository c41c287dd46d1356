//! A WebSocket that closes at logout, on axum.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header::ORIGIN};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use session_axum::{Rejection, Session};
use session_core::Ended;
use session_extras::Csrf;
use tokio::time::timeout;

use crate::{Farewell, LOGGED_OUT, PATIENCE, count};

pub fn routes(csrf: Csrf) -> Router {
    Router::new().route("/socket", get(open)).with_state(csrf)
}

async fn open(
    State(csrf): State<Csrf>,
    headers: HeaderMap,
    session: Session,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Rejection> {
    let mut origins = headers.get_all(ORIGIN).iter();
    if !origins.all(|origin| csrf.has(origin.as_bytes())) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    session.stay_idle();
    let ended = session.ended()?;
    Ok(upgrade.on_upgrade(|socket| talk(socket, session, ended)))
}

async fn talk(mut socket: WebSocket, session: Session, ended: Ended) {
    // Around the whole, so that it is noticed also while a client does not read its answers.
    let farewell = tokio::select! {
        () = ended => Some(LOGGED_OUT),
        farewell = answer(&mut socket, &session) => farewell,
    };
    if let Some(Farewell { code, reason }) = farewell {
        let reason = reason.into();
        let close = Message::Close(Some(CloseFrame { code, reason }));
        // The client may be gone already.
        let _ = timeout(PATIENCE, socket.send(close)).await;
    }
}

/// Answers messages, until the client goes or the session can't be asked.
async fn answer(socket: &mut WebSocket, session: &Session) -> Option<Farewell> {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) = message {
            let count = match count(session).await {
                Ok(count) => count,
                Err(error) => return Some(error.into()),
            };
            socket.send(count.to_string().into()).await.ok()?;
        }
    }
    None
}
