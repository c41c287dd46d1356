use std::collections::BTreeMap;

use session_core::{Moment, PublicId};

use super::Point;
use super::known::Parent;
use crate::act::Task;
use crate::moves::Begin;
use crate::run::PROBES;
use crate::secret::Secret;

/// A request, as its client and its handler know it.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Visit {
    pub(crate) site: u8,
    /// The server that has served it.
    pub(crate) node: u8,
    pub(crate) task: Task,
    /// The id that it presents.
    pub(crate) shown: Option<Secret>,
    pub(crate) begun: Point,
    pub(crate) ended: Option<Point>,
    /// Whether something went wrong with a call of it, or its client went away.
    pub(crate) is_faulty: bool,
    /// How many of its calls are still on their way although it was told of a failure.
    pub(crate) held: usize,
    /// What it has found.
    pub(crate) look: Option<Look>,
    /// The places of its writes that were not acknowledged yet.
    pub(crate) unsaved: Vec<usize>,
    pub(crate) signs_in: Option<SignsIn>,
    /// The session that was acknowledged to it last, and has not been lost since.
    pub(crate) holds: Option<PublicId>,
    /// The session that it is of, as far as it knows.
    pub(crate) sees: Option<PublicId>,
    /// Every session that was acknowledged to it.
    pub(crate) made: Vec<PublicId>,
    pub(crate) failed_commits: u32,
    /// How often it has asked for another secret.
    pub(crate) turns: usize,
    /// Whether a sign-in of its own was acknowledged.
    pub(crate) has_signed_in: bool,
    pub(crate) has_ended_its_own: bool,
    pub(crate) answer: Option<Answer>,
    /// Whether it only looks, and is never answered.
    pub(crate) is_probe: bool,
}

/// What a request has found when it has loaded its session.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) at: Point,
    pub(crate) session: Option<PublicId>,
    pub(crate) owner: Option<u8>,
    pub(crate) authenticated: Option<Moment>,
    /// The values of slots.
    pub(crate) values: BTreeMap<u8, u64>,
    pub(crate) count: u64,
    /// Whether there are values of any kind.
    pub(crate) has_values: bool,
    /// Whether a sign-in has left the session.
    pub(crate) is_left: bool,
}

/// A sign-in that is not acknowledged yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignsIn {
    pub(crate) owner: u8,
    pub(crate) parent: Option<Parent>,
}

/// A response.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the commit has failed.
    pub(crate) is_error: bool,
    pub(crate) set: Option<Secret>,
    pub(crate) removes: bool,
    pub(crate) is_gone: bool,
    pub(crate) is_superseded: bool,
}

impl Visit {
    pub(crate) fn new(begin: &Begin, shown: Option<Secret>, begun: Point) -> Self {
        Self {
            site: begin.site,
            node: begin.node,
            task: begin.task.clone(),
            shown,
            begun,
            ended: None,
            is_faulty: false,
            held: 0,
            look: None,
            unsaved: Vec::new(),
            signs_in: None,
            holds: None,
            sees: None,
            made: Vec::new(),
            failed_commits: 0,
            turns: 0,
            has_signed_in: false,
            has_ended_its_own: false,
            answer: None,
            is_probe: begin.id >= PROBES,
        }
    }

    /// Says whether it presents a cookie of the session.
    pub(crate) fn shows(&self, key: PublicId) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.key == key)
    }
}

impl Answer {
    /// Says whether it tells that the changes are stored.
    pub(crate) fn is_acknowledgement(&self) -> bool {
        !self.is_error && !self.is_lost() && !self.drops_changes()
    }

    /// Says whether the changes were dropped because of the status.
    pub(crate) fn drops_changes(&self) -> bool {
        !self.is_error && matches!(self.status, 408 | 499 | 500..)
    }

    /// Says whether the session had ended or was left, as the adapter can see.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_gone || self.is_superseded
    }
}
