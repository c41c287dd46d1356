//! A WebSocket that closes at logout, on Rocket.

use futures_util::{SinkExt, StreamExt};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::tokio::time::timeout;
use rocket::{async_trait, get};
use rocket_ws::frame::CloseFrame;
use rocket_ws::result::Error;
use rocket_ws::stream::DuplexStream;
use rocket_ws::{Channel, Message, WebSocket};
use session_core::Ended;
use session_extras::Csrf;
use session_rocket::{Rejection, Session};

use crate::{Farewell, LOGGED_OUT, PATIENCE, count};

/// A request that no page of another origin has caused.
pub struct Own;

#[async_trait]
impl<'r> FromRequest<'r> for Own {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let csrf = request.rocket().state::<Csrf>();
        let is_own = |origin: &str| csrf.is_some_and(|csrf| csrf.has(origin.as_bytes()));
        if request.headers().get("origin").all(is_own) {
            Outcome::Success(Self)
        } else {
            Outcome::Error((Status::Forbidden, ()))
        }
    }
}

#[get("/socket")]
pub fn open(session: Session, _own: Own, socket: WebSocket) -> Result<Channel<'static>, Rejection> {
    session.stay_idle();
    let ended = session.ended()?;
    Ok(socket.channel(|socket| Box::pin(talk(socket, session, ended))))
}

async fn talk(mut socket: DuplexStream, session: Session, ended: Ended) -> Result<(), Error> {
    // Around the whole, so that it is noticed also while a client does not read its answers.
    let farewell = tokio::select! {
        () = ended => Some(LOGGED_OUT),
        farewell = answer(&mut socket, &session) => farewell?,
    };
    if let Some(Farewell { code, reason }) = farewell {
        let close = CloseFrame {
            code: code.into(),
            reason: reason.into(),
        };
        // The client may not read it.
        return timeout(PATIENCE, socket.close(Some(close)))
            .await
            .unwrap_or(Ok(()));
    }
    Ok(())
}

/// Answers messages, until the client goes or the session can't be asked.
async fn answer(socket: &mut DuplexStream, session: &Session) -> Result<Option<Farewell>, Error> {
    while let Some(message) = socket.next().await {
        if let Message::Text(_) = message? {
            let count = match count(session).await {
                Ok(count) => count,
                Err(error) => return Ok(Some(error.into())),
            };
            socket.send(Message::text(count.to_string())).await?;
        }
    }
    Ok(None)
}
