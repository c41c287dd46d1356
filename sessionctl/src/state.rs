use session_core::{Moment, Record};

/// Whether a session can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    /// Its time is up, and no sweep has removed it yet.
    Over,
    /// A sign-in has left it.
    Closed,
}

impl State {
    pub(crate) fn of(record: &Record, now: Moment) -> Self {
        if record.expires <= now {
            Self::Over
        } else if record.closed {
            Self::Closed
        } else {
            Self::Live
        }
    }
}
