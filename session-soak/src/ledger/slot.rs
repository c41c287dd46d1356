use std::time::Instant;

use super::told::{HORIZON, Told};

/// What is known of one value of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slot {
    /// The number of the last write that is known to be done; `None` if there is no value.
    sure: Option<u64>,
    doubts: Vec<Doubt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Doubt {
    /// Counts all writes of a ledger.
    ticket: u64,
    value: Option<u64>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its answer is awaited since then.
    Asked(Instant),
    /// It was answered 503, and the request is over. What it had sent to the store is done before a later write is
    /// acknowledged, or never: that one changes the revision.
    Refused,
    /// Nobody knows what became of the request. A frozen server may still carry it out, until this moment; what is
    /// acknowledged before may be overwritten.
    Unanswered(Instant),
}

impl Slot {
    /// A write is about to be sent.
    pub(crate) fn ask(&mut self, ticket: u64, value: Option<u64>, now: Instant) {
        self.doubts.push(Doubt {
            ticket,
            value,
            kind: Kind::Asked(now),
        });
    }

    /// The write was answered, or was not.
    pub(crate) fn settle(&mut self, ticket: u64, told: Told, now: Instant) {
        let Some(place) = self.doubts.iter().position(|it| it.ticket == ticket) else {
            return;
        };
        let Kind::Asked(asked) = self.doubts[place].kind else {
            return;
        };
        match told {
            Told::Acknowledged => {
                self.sure = self.doubts[place].value;
                self.doubts.retain(|doubt| match doubt.kind {
                    Kind::Asked(_) => doubt.ticket != ticket,
                    Kind::Refused => false,
                    Kind::Unanswered(until) => asked < until,
                });
            }
            Told::Refused => self.doubts[place].kind = Kind::Refused,
            Told::Unanswered => self.doubts[place].kind = Kind::Unanswered(now + HORIZON),
            Told::NotDone => {
                self.doubts.remove(place);
            }
        }
    }

    /// Says whether a read may show this.
    pub(crate) fn allows(&self, found: Option<u64>) -> bool {
        found == self.sure || self.doubts.iter().any(|doubt| doubt.value == found)
    }

    /// What was seen is done: what was there before can't come back.
    pub(crate) fn saw(&mut self, found: Option<u64>) {
        self.sure = found;
    }

    pub(crate) fn is_sure(&self) -> bool {
        self.doubts.is_empty()
    }
}
