//! Server-sent events that end at logout, on axum.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::{Stream, StreamExt, stream};
use session_axum::{Rejection, Session};
use tokio::time::sleep;

pub fn routes() -> Router {
    Router::new().route("/events", get(events))
}

type Sent = Result<Event, Infallible>;

async fn events(session: Session) -> Result<Sse<impl Stream<Item = Sent>>, Rejection> {
    // Browsers open a lost stream again by themselves, which is no activity of the visitor's.
    session.stay_idle();
    let ended = session.ended()?;
    let news = stream::unfold(1, async |number: u32| {
        let event = Event::default().event("news").data(number.to_string());
        // The first one goes out at once.
        if number > 1 {
            sleep(Duration::from_secs(1)).await;
        }
        Some((Ok(event), number + 1))
    });
    // The page closes its `EventSource` then; otherwise it would come again, and get a 401. Browsers drop an event
    // without data.
    let bye = stream::once(async { Ok(Event::default().event("ended").data("{}")) });
    let events = news.take_until(ended).chain(bye);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}
