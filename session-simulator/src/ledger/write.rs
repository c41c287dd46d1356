use session_core::PublicId;

use super::{Ledger, Point};

/// A handler's change of a value.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) by: u16,
    pub(crate) what: What,
    pub(crate) at: Point,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A slot gets a value that is used once.
    Put(u8, u64),
    Remove(u8),
    Clear,
    /// The counter is one more.
    Add,
}

/// What has become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its request was not told, or not yet.
    Unknown,
    /// It is stored, in this session.
    Acknowledged { of: Option<PublicId>, at: Point },
    /// It was never tried.
    Void,
}

impl Write {
    /// Returns the value that it leaves in a slot, if it is about it.
    pub(crate) fn leaves(&self, slot: u8) -> Option<Option<u64>> {
        match self.what {
            What::Put(other, value) if other == slot => Some(Some(value)),
            What::Remove(other) if other == slot => Some(None),
            What::Clear => Some(None),
            _ => None,
        }
    }
}

impl Ledger {
    /// Says whether a write may have reached one of the sessions.
    pub(crate) fn may_be_of(&self, write: &Write, chain: &[(PublicId, bool)]) -> bool {
        let includes = |key: &PublicId| chain.iter().any(|(other, _)| other == key);
        match write.outcome {
            Outcome::Void => false,
            Outcome::Acknowledged { of: Some(key), .. } => includes(&key),
            Outcome::Acknowledged { of: None, .. } | Outcome::Unknown => {
                self.visits.get(&write.by).is_some_and(|visit| {
                    let shown = visit.shown.as_ref().map(|shown| &shown.key);
                    shown.into_iter().chain(&visit.made).any(includes)
                })
            }
        }
    }

    /// Returns when a write was acknowledged for a session whose values all came along.
    pub(crate) fn must_be_of(&self, write: &Write, chain: &[(PublicId, bool)]) -> Option<Point> {
        let Outcome::Acknowledged { of: Some(key), at } = write.outcome else {
            return None;
        };
        chain.contains(&(key, true)).then_some(at)
    }

    /// Returns by when a write was done, if that is known.
    pub(crate) fn done(&self, write: &Write) -> Option<Point> {
        match write.outcome {
            Outcome::Acknowledged { at, .. } => Some(at),
            Outcome::Unknown => self.over(write.by),
            Outcome::Void => Some(write.at),
        }
    }
}
