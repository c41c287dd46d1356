//! What the clients know: what they have asked for, and what they were told.

mod answers;
pub(crate) mod attempt;
mod changes;
pub(crate) mod known;
pub(crate) mod visit;
pub(crate) mod write;

use std::collections::BTreeMap;

use session_core::PublicId;

use self::attempt::Attempt;
use self::known::Known;
use self::visit::Visit;
use self::write::Write;
use crate::moves::Begin;
use crate::net::{Applied, Passed};
use crate::ports::WorldTime;
use crate::secret::Secret;
use crate::setting::Setting;

/// A place in the order of all that has happened, and the world's time there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) order: u64,
    pub(crate) at: i64,
}

/// The outside ledger.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) setting: Setting,
    pub(crate) visits: BTreeMap<u16, Visit>,
    pub(crate) sessions: BTreeMap<PublicId, Known>,
    pub(crate) writes: Vec<Write>,
    pub(crate) attempts: Vec<Attempt>,
    /// What the store was seen to apply.
    pub(crate) applied: Vec<Applied>,
    /// What is to be judged.
    facts: Vec<Fact>,
    world: WorldTime,
    order: u64,
}

/// Something that properties judge.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// A request has loaded its session.
    Looked(u16),
    /// A request was answered.
    Answered(u16),
    /// The store has applied a command.
    Applied(usize),
    /// Somebody has listed an owner's sessions.
    Listed {
        owner: u8,
        begun: Point,
        found: Vec<PublicId>,
    },
    /// Everything is over; the store's lists, and its records of each owner that are neither over nor closed.
    Settled {
        owner: u8,
        listed: Vec<PublicId>,
        stored: Vec<PublicId>,
    },
}

impl Ledger {
    pub(crate) fn new(setting: Setting, world: WorldTime) -> Self {
        Self {
            setting,
            visits: BTreeMap::new(),
            sessions: BTreeMap::new(),
            writes: Vec::new(),
            attempts: Vec::new(),
            applied: Vec::new(),
            facts: Vec::new(),
            world,
            order: 0,
        }
    }

    /// Marks a place behind all that has happened.
    pub(crate) fn point(&mut self) -> Point {
        self.order += 1;
        Point {
            order: self.order,
            at: self.world.now(),
        }
    }

    pub(crate) fn note(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    pub(crate) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    pub(crate) fn begin(&mut self, begin: &Begin, shown: Option<Secret>) {
        let begun = self.point();
        let mut visit = Visit::new(begin, shown, begun);
        visit.node %= self.setting.nodes;
        self.visits.insert(begin.id, visit);
    }

    /// Takes what has come through the net; it comes before the facts of the same poll.
    pub(crate) fn take(&mut self, passed: Vec<Passed>) {
        let mut facts = Vec::new();
        for passed in passed {
            match passed {
                Passed::Applied(mut applied) => {
                    facts.push(Fact::Applied(self.applied.len()));
                    applied.order = self.point().order;
                    self.applied.push(*applied);
                }
                Passed::Acknowledged(number) => {
                    let mut all = self.applied.iter_mut().rev();
                    if let Some(it) = all.find(|applied| applied.number == number) {
                        it.is_acknowledged = true;
                    }
                }
                // A request knows its own write by its revision, also if the answer was lost.
                Passed::Loaded(by, revision) => {
                    let own = self.applied.iter_mut().filter(|applied| applied.by == by);
                    for applied in own {
                        let after = applied.after.as_ref();
                        applied.is_acknowledged |=
                            after.is_some_and(|record| record.revision == revision);
                    }
                }
                Passed::Faulty(by) => self.visit(by, |visit| visit.is_faulty = true),
                Passed::Held(by) => self.visit(by, |visit| visit.held += 1),
            }
        }
        facts.append(&mut self.facts);
        self.facts = facts;
    }

    pub(crate) fn visit(&mut self, id: u16, change: impl FnOnce(&mut Visit)) {
        if let Some(visit) = self.visits.get_mut(&id) {
            change(visit);
        }
    }

    /// A call of the application's own has ended.
    pub(crate) fn ends(&mut self, id: u16) {
        let now = self.point();
        self.visit(id, |visit| visit.ended = Some(now));
    }

    /// A request has ended of which nothing was told.
    pub(crate) fn ends_if_open(&mut self, id: u16) {
        let now = self.point();
        self.visit(id, |visit| {
            visit.ended.get_or_insert(now);
        });
    }

    /// A request has ended without an answer.
    pub(crate) fn dropped(&mut self, id: u16) {
        let now = self.point();
        self.visit(id, |visit| {
            visit.is_faulty = true;
            visit.ended.get_or_insert(now);
        });
    }

    /// A call that was held has reached the store.
    pub(crate) fn released(&mut self, id: u16) {
        let now = self.point();
        self.visit(id, |visit| {
            visit.held = visit.held.saturating_sub(1);
            if let Some(ended) = &mut visit.ended {
                *ended = now;
            }
        });
    }

    /// Says for how long a node may be unaware of what a request has done: of its own requests' it is aware at once.
    pub(crate) fn staleness(&self, by: u16, node: u8) -> i64 {
        match self.visits.get(&by) {
            Some(visit) if visit.node == node => 0,
            _ => self.setting.staleness(),
        }
    }

    /// Returns when nothing of a request can change the store any more.
    pub(crate) fn over(&self, id: u16) -> Option<Point> {
        let visit = self.visits.get(&id)?;
        visit.ended.filter(|_| visit.held == 0)
    }
}
