//! A WebSocket that closes at logout, on actix-web.

use actix_web::http::header::ORIGIN;
use actix_web::rt::time::timeout;
use actix_web::web::{Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse, get, rt};
use actix_ws::{CloseReason, Message, MessageStream};
use session_actix::Session;
use session_core::Ended;
use session_extras::Csrf;

use crate::{Farewell, LOGGED_OUT, PATIENCE, count};

#[get("/socket")]
pub async fn open(
    csrf: Data<Csrf>,
    session: Session,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Error> {
    let mut origins = request.headers().get_all(ORIGIN);
    if !origins.all(|origin| csrf.has(origin.as_bytes())) {
        return Ok(HttpResponse::Forbidden().finish());
    }
    session.stay_idle();
    let ended = session.ended()?;
    let (response, socket, messages) = actix_ws::handle(&request, body)?;
    rt::spawn(talk(socket, messages, session, ended));
    Ok(response)
}

async fn talk(
    mut socket: actix_ws::Session,
    messages: MessageStream,
    session: Session,
    ended: Ended,
) {
    // Around the whole, so that it is noticed also while a client does not read its answers.
    let farewell = tokio::select! {
        () = ended => Some(LOGGED_OUT),
        farewell = answer(&mut socket, messages, &session) => farewell,
    };
    if let Some(Farewell { code, reason }) = farewell {
        let close = CloseReason {
            code: code.into(),
            description: Some(reason.into()),
        };
        // The client may be gone already.
        let _ = timeout(PATIENCE, socket.close(Some(close))).await;
    }
}

/// Answers messages, until the client goes or the session can't be asked.
async fn answer(
    socket: &mut actix_ws::Session,
    mut messages: MessageStream,
    session: &Session,
) -> Option<Farewell> {
    while let Some(Ok(message)) = messages.recv().await {
        match message {
            Message::Text(_) => {
                let count = match count(session).await {
                    Ok(count) => count,
                    Err(error) => return Some(error.into()),
                };
                socket.text(count.to_string()).await.ok()?;
            }
            Message::Ping(data) => socket.pong(&data).await.ok()?,
            Message::Close(_) => break,
            _ => {}
        }
    }
    None
}
