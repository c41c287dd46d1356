use std::io;
use std::thread;
use std::time::{Duration, Instant};

use showcase::Ending;

use crate::response::Wanted;
use crate::site::Site;
use crate::wire::Wire;

/// The stream of `GET /api/ended`, on its connection's thread.
///
/// The core says which record to look at, and whether what the store has under its key is the session's end. The
/// rest is time: a look every [`watch_every`](session_core::Policy::watch_every), and a comment now and then.
pub(crate) struct Events<'a> {
    ending: Box<Ending>,
    wanted: Wanted,
    site: &'a Site,
    wire: &'a mut Wire,
}

impl<'a> Events<'a> {
    pub(crate) fn new(
        ending: Box<Ending>,
        wanted: Wanted,
        site: &'a Site,
        wire: &'a mut Wire,
    ) -> Self {
        Self {
            ending,
            wanted,
            site,
            wire,
        }
    }

    /// Sends events until the session has ended, or the process stops; each may take as long as the limit.
    pub(crate) fn send(mut self, limit: Duration) -> io::Result<()> {
        self.piece(Ending::READY, limit)?;
        let period = self.site.watch_every();
        let mut wait = period;
        let mut spoke = Instant::now();
        while let Some(watch) = self.ending.watch() {
            match self.site.has_ended(watch) {
                Ok(true) => {
                    self.piece(Ending::ENDED, limit)?;
                    break;
                }
                Ok(false) => wait = period,
                // An outage is no end. Others want the store more.
                Err(_) => wait = (wait * 2).min(LONGEST.max(period)),
            }
            let next = Instant::now() + wait;
            while Instant::now() < next && !self.ending.is_stopping() {
                thread::sleep(STEP);
                if self.wire.is_left() {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                if spoke.elapsed() >= Ending::QUIET {
                    self.piece(Ending::COMMENT, limit)?;
                    spoke = Instant::now();
                }
            }
            if self.ending.is_stopping() {
                break;
            }
        }
        self.wire.allow(limit);
        self.wanted.end(self.wire)
    }

    fn piece(&mut self, piece: &str, limit: Duration) -> io::Result<()> {
        self.wire.allow(limit);
        self.wanted.send(piece, self.wire)
    }
}

/// How soon a stream notices that the process stops, or that its client has gone and its seat is free.
const STEP: Duration = Duration::from_millis(100);

/// The longest wait between two looks at a store that fails; a logout is told within two seconds of its return.
const LONGEST: Duration = Duration::from_millis(1_500);
