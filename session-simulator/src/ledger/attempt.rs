use session_core::PublicId;

use super::known::Known;
use super::{Ledger, Point};
use crate::net::{Applied, Kind};

/// Somebody tries to end sessions.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) by: u16,
    pub(crate) target: Target,
    pub(crate) begun: Point,
    /// When they were told that it is done.
    pub(crate) done: Option<Point>,
}

/// The sessions that somebody tries to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    One(PublicId),
    /// An unloaded logout: it may know too little.
    Perhaps(PublicId),
    /// A sign-in leaves it for another, and it can be read for the grace.
    Left(PublicId),
    Owners(u8),
    OwnersBut(u8, PublicId),
    /// A login makes room for itself.
    Capped(u8),
    Everybody,
}

impl Target {
    fn includes(self, known: &Known) -> bool {
        match self {
            Self::One(key) | Self::Perhaps(key) | Self::Left(key) => key == known.key,
            Self::Owners(owner) | Self::Capped(owner) => known.owner == Some(owner),
            Self::OwnersBut(owner, kept) => known.owner == Some(owner) && known.key != kept,
            Self::Everybody => true,
        }
    }

    fn is_certain(self) -> bool {
        !matches!(self, Self::Perhaps(_) | Self::Left(_) | Self::Capped(_))
    }
}

impl Ledger {
    /// Says whether somebody else may have ended the session, or left it, or is about to.
    pub(crate) fn may_have_ended(&self, known: &Known, except: u16) -> bool {
        self.attempts.iter().any(|attempt| {
            let over = attempt.done.or_else(|| self.over(attempt.by));
            let is_before = over.is_some_and(|over| over.order < known.begun.order);
            // No login ends itself, and where it may be refused it ends nobody.
            let may_end = !matches!(attempt.target, Target::Capped(_))
                || (!self.setting.refuses && attempt.by != known.creator);
            may_end && attempt.by != except && attempt.target.includes(known) && !is_before
        })
    }

    /// Returns when the session had ended for sure.
    pub(crate) fn ended(&self, known: &Known) -> Option<Point> {
        let done = self.ends_of(known).map(|(_, done)| done);
        done.min_by_key(|done| done.order)
    }

    /// Returns all those moments, each with who has ended it.
    pub(crate) fn ends_of(&self, known: &Known) -> impl Iterator<Item = (u16, Point)> {
        let stored = self.stored(known);
        let attempts = self.attempts.iter().filter(move |attempt| {
            let is_later = attempt.begun.order > stored || matches!(attempt.target, Target::One(_));
            attempt.target.is_certain() && attempt.target.includes(known) && is_later
        });
        attempts.filter_map(|attempt| Some((attempt.by, attempt.done?)))
    }

    /// Returns when the session was stored, for the last time if its command came twice: what begins during a revocation stays.
    fn stored(&self, known: &Known) -> u64 {
        let is_insert = |it: &&Applied| it.key == known.key && it.kind == Kind::Insert;
        let last = self.applied.iter().rev().find(is_insert);
        last.map_or(known.learned.order, |last| last.order)
    }

    /// Returns when a sign-in had left the session for sure.
    pub(crate) fn left(&self, known: &Known) -> Option<Point> {
        let leaves = self
            .attempts
            .iter()
            .filter(|attempt| attempt.target == Target::Left(known.key));
        let done = leaves.filter_map(|attempt| attempt.done);
        done.min_by_key(|done| done.order)
    }
}
