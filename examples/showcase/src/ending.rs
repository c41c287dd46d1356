use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use session_core::{Ended, Watch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::sleep;

use crate::{Access, Answer, Body, Request};

/// Server-sent events that tell when a session ends: the body of `GET /api/ended`.
///
/// An async server sends what [`next`](Self::next) returns until that is `None`. A server that blocks asks the
/// store itself, by [`watch`](Self::watch).
#[derive(Debug)]
pub struct Ending {
    stage: Stage,
    watching: Watching,
    streams: Streams,
    _seat: Option<OwnedSemaphorePermit>,
}

/// How a server learns of a session's end.
#[derive(Debug)]
pub enum Watching {
    /// It waits for a future.
    Waits(Ended),
    /// It asks the store.
    Asks(Box<Watch>),
}

/// What all of an application's streams share: their number, and the end of the process.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    seats: Arc<Semaphore>,
    stop: Option<watch::Receiver<bool>>,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Begun,
    Waiting,
    Over,
}

/// Answers `GET /api/ended`; holding the stream is no activity.
pub(crate) async fn begin(
    streams: &Streams,
    request: Request<'_>,
    access: &impl Access,
) -> Result<Answer, Answer> {
    access.open().await?.stay_idle();
    let watching = access.watch().await?;
    let streams = streams.clone();
    let seat = Arc::clone(&streams.seats).try_acquire_owned();
    let seat = seat.map_err(|_| Answer::error(503, "too many streams are open"))?;
    // The head is as that of `GET`, and takes no seat.
    let (stage, seat) = match request.method {
        "HEAD" => (Stage::Over, None),
        _ => (Stage::Begun, Some(seat)),
    };
    let ending = Ending {
        stage,
        watching,
        streams,
        _seat: seat,
    };
    Ok(Answer {
        content_type: Some("text/event-stream"),
        cache_control: Some("no-store"),
        body: Body::Ended(Box::new(ending)),
        ..Answer::empty(200)
    })
}

impl Ending {
    /// What is sent at once.
    pub const READY: &'static str = "event: ready\ndata: {}\n\n";
    /// What is sent when the session has ended, and nothing after it.
    pub const ENDED: &'static str = "event: ended\ndata: {}\n\n";
    /// What is sent meanwhile, so that nobody in between closes a silent connection.
    pub const COMMENT: &'static str = ":\n\n";
    /// The time between two comments.
    pub const QUIET: Duration = Duration::from_secs(15);

    /// Waits for the next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<&'static str> {
        match self.stage {
            Stage::Over => return None,
            Stage::Begun => {
                self.stage = Stage::Waiting;
                return Some(Self::READY);
            }
            Stage::Waiting => {}
        }
        let Watching::Waits(ended) = &mut self.watching else {
            return None;
        };
        let stopped = pin!(self.streams.stopped());
        let (stage, piece) = tokio::select! {
            biased;
            () = stopped => (Stage::Over, None),
            () = ended => (Stage::Over, Some(Self::ENDED)),
            () = sleep(Self::QUIET) => (Stage::Waiting, Some(Self::COMMENT)),
        };
        self.stage = stage;
        piece
    }

    /// Returns the question to the store, of a server that asks it; `None` if nothing is to be sent.
    pub fn watch(&mut self) -> Option<&mut Watch> {
        match (self.stage, &mut self.watching) {
            (Stage::Begun | Stage::Waiting, Watching::Asks(watch)) => Some(watch),
            _ => None,
        }
    }

    /// Says whether the process is asked to stop; then the stream is closed.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        let stop = self.streams.stop.as_ref();
        stop.is_some_and(|stop| *stop.borrow() || stop.has_changed().is_err())
    }
}

impl Streams {
    pub(crate) fn new() -> Self {
        Self {
            seats: Arc::new(Semaphore::new(MOST)),
            stop: None,
        }
    }

    /// Closes the streams once the process is asked to stop.
    pub(crate) fn until(&mut self, stop: watch::Receiver<bool>) {
        self.stop = Some(stop);
    }

    async fn stopped(&self) {
        match self.stop.clone() {
            // A dropped sender counts as a request to stop.
            Some(mut stop) => drop(stop.wait_for(|stop| *stop).await),
            None => std::future::pending().await,
        }
    }
}

/// The most streams at once. Each of them asks the store.
const MOST: usize = 64;
