use session_core::PublicId;

use super::visit::Visit;
use super::{Ledger, Point};
use crate::net::{Applied, Kind};

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
    #[allow(
        clippy::option_option,
        reason = "a write about no slot, and one that leaves it empty"
    )]
    pub(crate) fn leaves(&self, slot: u8) -> Option<Option<u64>> {
        match self.what {
            What::Put(other, value) if other == slot => Some(Some(value)),
            What::Remove(other) if other == slot => Some(None),
            What::Clear => Some(None),
            _ => None,
        }
    }
}

impl Write {
    /// Returns when a write was acknowledged for a session whose values all came along.
    pub(crate) fn must_be_of(&self, chain: &[(PublicId, bool)]) -> Option<Point> {
        let Outcome::Acknowledged { of: Some(key), at } = self.outcome else {
            return None;
        };
        chain.contains(&(key, true)).then_some(at)
    }
}

impl Ledger {
    /// Says whether a write may have reached one of the sessions.
    pub(crate) fn may_be_of(&self, write: &Write, chain: &[(PublicId, bool)]) -> bool {
        let includes = |key: &PublicId| chain.iter().any(|(other, _)| other == key);
        let is_tried = |visit: &Visit| {
            let shown = visit.shown.as_ref().map(|shown| &shown.key);
            shown.into_iter().chain(&visit.made).any(includes)
        };
        let visit = self.visits.get(&write.by);
        match write.outcome {
            Outcome::Void => false,
            // It may have been tried before, in a session that was left since.
            Outcome::Acknowledged { of: Some(key), .. } => {
                let was_tried = visit.filter(|visit| visit.failed_commits > 0);
                includes(&key) || was_tried.is_some_and(is_tried)
            }
            Outcome::Acknowledged { of: None, .. } | Outcome::Unknown => {
                visit.is_some_and(is_tried)
            }
        }
    }

    /// Returns how many writes of a request, of which it was told nothing, others have written on top of.
    pub(crate) fn buried(&self, by: u16, chain: &[(PublicId, bool)]) -> u64 {
        let is_buried = |(place, lost): (usize, &Applied)| {
            let is_lost = lost.by == by && !lost.is_acknowledged;
            let mut later = self.applied[place..].iter();
            is_lost
                && chain.iter().any(|(key, _)| *key == lost.key)
                && later.any(|it| it.key == lost.key && it.by != by && it.kind != Kind::Touch)
        };
        let mut buried = 0;
        for lost in self.applied.iter().enumerate() {
            buried += u64::from(is_buried(lost));
        }
        buried
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
