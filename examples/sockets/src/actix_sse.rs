//! Server-sent events that end at logout, on actix-web.

use std::io;
use std::time::Duration;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::rt::time::sleep;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, get};
use futures_util::{StreamExt, stream};
use session_actix::{Rejection, Session};

#[get("/events")]
pub async fn events(session: Session) -> Result<HttpResponse, Rejection> {
    // Browsers open a lost stream again by themselves, which is no activity of the visitor's.
    session.stay_idle();
    let ended = session.ended()?;
    let news = stream::unfold(1, async |number: u32| {
        // The first one goes out at once.
        if number > 1 {
            sleep(Duration::from_secs(1)).await;
        }
        Some((Ok(event("news", &number.to_string())), number + 1))
    });
    // The page closes its `EventSource` then; otherwise it would come again, and get a 401. Browsers drop an event
    // without data.
    let bye = stream::once(async { io::Result::Ok(event("ended", "{}")) });
    let events = news.take_until(ended).chain(bye);
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(events))
}

fn event(name: &str, data: &str) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
