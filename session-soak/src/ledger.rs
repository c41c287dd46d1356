//! What one visitor knows: what was asked for, what was told, and so what has to be seen.

mod count;
mod judge;
mod known;
mod lists;
mod look;
mod slot;
mod told;

use std::time::Instant;

use crate::invariant::{Breach, Checks, Invariant};

use self::known::Known;
pub(crate) use self::known::handle;
pub(crate) use self::look::value;
pub(crate) use self::told::{GRACE, HORIZON};
pub use self::{
    look::Look,
    told::{Standing, Told},
};

/// The outside ledger of one visitor. Time is an argument.
///
/// ```
/// use std::time::Instant;
/// use session_soak::{Invariant, Ledger, Look, Told};
///
/// let mut ledger = Ledger::new("ada");
/// let cookie = "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";
/// let now = Instant::now();
/// let session = ledger.begin(cookie, false).unwrap();
/// let write = ledger.ask(session, "k", now);
/// ledger.settle(session, &write, Told::Acknowledged, now);
///
/// let mut look = Look { exists: true, ..Look::default() };
/// look.data.insert("k".into(), write.value().into());
/// assert!(ledger.judge(session, &look, now).is_ok());
/// look.data.clear();
/// let breach = ledger.judge(session, &look, now).unwrap_err();
/// assert_eq!(breach.invariant, Invariant::AcknowledgedIsKept);
/// ```
#[derive(Debug)]
pub struct Ledger {
    marker: String,
    pub(crate) sessions: Vec<Known>,
    /// When sign-ins were left in doubt: each may have begun a session that nobody knows.
    pub(crate) strays: Vec<Instant>,
    pub(crate) checks: Checks,
    tickets: u64,
}

/// A write that was asked for.
#[derive(Debug, Clone)]
pub struct Write {
    ticket: u64,
    key: String,
    value: Option<String>,
}

impl Write {
    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the value, which is empty for a removal.
    #[must_use]
    pub fn value(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

impl Ledger {
    /// Begins the ledger of a visitor. The marker is the owner's name, and begins each of the values.
    #[must_use]
    pub fn new(marker: &str) -> Self {
        Self {
            marker: marker.to_owned(),
            sessions: Vec::new(),
            strays: Vec::new(),
            checks: Checks::default(),
            tickets: 0,
        }
    }

    /// Returns the handles of all sessions, in the order in which they were noted.
    #[must_use]
    pub fn handles(&self) -> Vec<String> {
        let handles = self.sessions.iter().map(|known| known.handle.clone());
        handles.collect()
    }

    pub(crate) fn marker(&self) -> &str {
        &self.marker
    }

    /// The key of the visitor's counter, which nobody else has.
    pub(crate) fn counter(&self) -> String {
        format!("count-{}", self.marker)
    }

    /// Notes a session that an answer has begun, and returns its number; `None` if the cookie is no id.
    pub fn begin(&mut self, cookie: &str, is_owned: bool) -> Option<usize> {
        self.sessions.push(Known::new(cookie, is_owned)?);
        Some(self.sessions.len() - 1)
    }

    /// Notes a session that a sign-in has begun in place of another one.
    pub fn sign_in(&mut self, left: usize, cookie: &str, now: Instant) -> Option<usize> {
        let next = self.sessions[left].carried(cookie)?;
        self.sessions[left].standing = Standing::Left(now);
        self.sessions[left].slots.clear();
        self.sessions.push(next);
        Some(self.sessions.len() - 1)
    }

    /// Notes a further cookie of a session.
    pub(crate) fn renew(&mut self, session: usize, cookie: &str) {
        let cookies = &mut self.sessions[session].cookies;
        if cookies.last().is_none_or(|last| last != cookie) {
            cookies.push(cookie.to_owned());
        }
    }

    /// A write of a new value is about to be sent.
    pub fn ask(&mut self, session: usize, key: &str, now: Instant) -> Write {
        let number = self.tickets + 1;
        self.write(session, key, Some(number), now)
    }

    /// A removal is about to be sent.
    pub fn ask_to_remove(&mut self, session: usize, key: &str, now: Instant) -> Write {
        self.write(session, key, None, now)
    }

    fn write(&mut self, session: usize, key: &str, number: Option<u64>, now: Instant) -> Write {
        self.tickets += 1;
        let slots = &mut self.sessions[session].slots;
        let slot = slots.entry(key.to_owned()).or_default();
        slot.ask(self.tickets, number, now);
        Write {
            ticket: self.tickets,
            key: key.to_owned(),
            value: number.map(|number| value(&self.marker, number)),
        }
    }

    /// A session was begun by a write, whose number was drawn.
    pub(crate) fn is_written(&mut self, session: usize, key: &str, number: u64) {
        let slots = &mut self.sessions[session].slots;
        let slot = slots.entry(key.to_owned()).or_default();
        slot.saw(Some(number));
    }

    /// A write was answered, or was not.
    pub fn settle(&mut self, session: usize, write: &Write, told: Told, now: Instant) {
        if let Some(slot) = self.sessions[session].slots.get_mut(&write.key) {
            slot.settle(write.ticket, told, now);
        }
    }

    /// An increment is about to be sent.
    pub fn ask_to_count(&mut self, session: usize) {
        self.sessions[session].count.ask();
    }

    /// An increment was answered with a number; before [`counted`](Self::counted).
    ///
    /// # Errors
    ///
    /// It lacks one that was acknowledged, or counts one twice.
    pub fn count(&mut self, session: usize, number: u64) -> Result<(), Breach> {
        let known = &mut self.sessions[session];
        let may_be = known.count.may_become(number);
        let least = known.count.least();
        self.checks
            .check(Invariant::AcknowledgedIsKept, may_be, || {
                format!("an increment answers {number}, after {least}")
            })?;
        let is_new = known.counted.insert(number);
        self.checks
            .check(Invariant::AcknowledgedIsKept, is_new, || {
                format!("two increments answer {number}")
            })
    }

    /// All increments that were asked for are answered or given up.
    pub fn counted(&mut self, session: usize, acknowledged: u64, doubtful: u64) {
        let known = &mut self.sessions[session];
        let seen = known.counted.last().copied();
        known.count.settle(acknowledged, doubtful, seen);
    }

    /// Somebody was told that the session has ended, or was not told whether it has.
    pub fn end(&mut self, session: usize, told: Told) {
        let known = &mut self.sessions[session];
        match told {
            Told::Acknowledged => known.end(),
            Told::Refused | Told::Unanswered if known.is_alive() => {
                known.standing = Standing::Doubtful;
            }
            Told::Refused | Told::Unanswered | Told::NotDone => {}
        }
    }

    /// Forgets values that are too many to remember: those of sessions that are over, the oldest first.
    ///
    /// Numbers of sessions stay as they are.
    pub(crate) fn forget(&mut self) {
        let over = |known: &Known| known.standing == Standing::Ended && !known.cookies.is_empty();
        let count = self.sessions.iter().filter(|known| over(known)).count();
        let old = self.sessions.iter_mut().filter(|known| over(known));
        for known in old.take(count.saturating_sub(MOST)) {
            known.cookies.clear();
        }
    }
}

/// How many ended sessions are looked at again in the end.
const MOST: usize = 250;
