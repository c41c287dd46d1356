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
    /// Its answer is awaited.
    Asked,
    /// It was answered 503. The request is over; what it had sent to the store may arrive until a later write is
    /// acknowledged, since that one changes the revision.
    Refused,
    /// Nobody knows what became of the request. A frozen server may still carry it out, before this moment.
    Unanswered(Instant),
}

impl Slot {
    /// A write is about to be sent.
    pub(crate) fn ask(&mut self, ticket: u64, value: Option<u64>) {
        self.doubts.push(Doubt {
            ticket,
            value,
            kind: Kind::Asked,
        });
    }

    /// The write was answered, or was not.
    pub(crate) fn settle(&mut self, ticket: u64, told: Told, now: Instant) {
        let Some(place) = self.doubts.iter().position(|it| it.ticket == ticket) else {
            return;
        };
        match told {
            Told::Acknowledged => {
                self.sure = self.doubts[place].value;
                self.doubts
                    .retain(|it| it.kind != Kind::Refused && it.ticket != ticket);
            }
            Told::Refused => self.doubts[place].kind = Kind::Refused,
            Told::Unanswered => self.doubts[place].kind = Kind::Unanswered(now + HORIZON),
            Told::NotDone => {
                self.doubts.remove(place);
            }
        }
    }

    /// Says whether a read that is answered now may show this.
    pub(crate) fn allows(&self, found: Option<u64>, begun: Instant) -> bool {
        let is_possible = |doubt: &Doubt| match doubt.kind {
            Kind::Unanswered(until) => begun < until,
            Kind::Asked | Kind::Refused => true,
        };
        let mut doubts = self.doubts.iter().filter(|doubt| is_possible(doubt));
        found == self.sure || doubts.any(|doubt| doubt.value == found)
    }

    /// What was seen is done: what was there before can't come back.
    pub(crate) fn saw(&mut self, found: Option<u64>) {
        if found != self.sure {
            self.sure = found;
        }
    }

    pub(crate) fn is_sure(&self) -> bool {
        self.doubts.is_empty()
    }
}
