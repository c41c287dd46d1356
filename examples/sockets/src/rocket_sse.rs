//! Server-sent events that end at logout, on Rocket.

use std::time::Duration;

use rocket::get;
use rocket::response::stream::{Event, EventStream};
use rocket::tokio::time::sleep;
use session_rocket::{Rejection, Session};

#[get("/events")]
pub fn events(session: Session) -> Result<EventStream![], Rejection> {
    // Browsers open a lost stream again by themselves, which is no activity of the visitor's.
    session.stay_idle();
    let mut ended = session.ended()?;
    Ok(EventStream! {
        for number in 1_u64.. {
            yield Event::data(number.to_string()).event("news");
            tokio::select! {
                () = &mut ended => break,
                () = sleep(Duration::from_secs(1)) => {}
            }
        }
        // The page closes its `EventSource` then; otherwise it would come again, and get a 401. Browsers drop an
        // event without data.
        yield Event::data("{}").event("ended");
    })
}
