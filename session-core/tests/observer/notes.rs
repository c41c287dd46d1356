//! An observer that writes down what it is told.

use std::sync::{Arc, Mutex};

use session_core::{Event, EventKind, Moment, Observer, PublicId};

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub kind: EventKind,
    pub session: Option<PublicId>,
    pub previous: Option<PublicId>,
    pub owner: Option<String>,
    pub reason: Option<String>,
    pub count: u64,
    pub left_out: u64,
}

impl Line {
    pub fn new(kind: EventKind) -> Self {
        Self {
            kind,
            session: None,
            previous: None,
            owner: None,
            reason: None,
            count: 1,
            left_out: 0,
        }
    }

    pub fn of(mut self, session: PublicId) -> Self {
        self.session = Some(session);
        self
    }

    pub fn after(mut self, previous: PublicId) -> Self {
        self.previous = Some(previous);
        self
    }

    pub fn ada(mut self) -> Self {
        self.owner = Some("ada".into());
        self
    }

    pub fn because(mut self, reason: &str) -> Self {
        self.reason = Some(reason.into());
        self
    }

    pub fn times(mut self, count: u64) -> Self {
        self.count = count;
        self
    }
}

/// The events, each with its moment. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    lines: Arc<Mutex<Vec<(Moment, Line)>>>,
    pub panics: bool,
}

impl Notes {
    /// Returns what was told since the last call.
    pub fn take(&self) -> Vec<Line> {
        self.take_timed()
            .into_iter()
            .map(|(_, line)| line)
            .collect()
    }

    pub fn take_timed(&self) -> Vec<(Moment, Line)> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }

    pub fn kinds(&self) -> Vec<EventKind> {
        self.take().into_iter().map(|line| line.kind).collect()
    }
}

impl Observer for Notes {
    fn on(&self, event: &Event<'_>) {
        let line = Line {
            kind: event.kind,
            session: event.session,
            previous: event.previous,
            owner: event.owner.map(str::to_owned),
            reason: event.reason.map(|reason| reason.to_string()),
            count: event.count,
            left_out: event.left_out,
        };
        self.lines.lock().unwrap().push((event.at, line));
        assert!(!self.panics, "the observer panics");
    }
}
