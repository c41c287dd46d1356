use session_core::PublicId;

use super::attempt::{Attempt, Target};
use super::known::Parent;
use super::visit::{Look, SignsIn};
use super::write::{Outcome, What, Write};
use super::{Fact, Ledger};

/// What handlers find and ask for.
impl Ledger {
    pub(crate) fn looked(&mut self, id: u16, look: Look) {
        self.visit(id, |visit| {
            visit.holds = None;
            visit.sees = look.session;
            visit.look = Some(look);
        });
        self.note(Fact::Looked(id));
    }

    /// A handler has changed the session's values.
    pub(crate) fn wrote(&mut self, id: u16, what: What) {
        let at = self.point();
        self.writes.push(Write {
            by: id,
            what,
            at,
            outcome: Outcome::Unknown,
        });
        let place = self.writes.len() - 1;
        self.visit(id, |visit| visit.unsaved.push(place));
    }

    /// A handler signs an owner in; `from` is the session before, and its owner.
    pub(crate) fn signs_in(&mut self, id: u16, owner: u8, from: Option<(PublicId, Option<u8>)>) {
        let hidden = self.visits.get(&id).and_then(|visit| visit.shown.as_ref());
        let hidden = hidden.map(|shown| shown.key);
        let pending = self.visits.get(&id).and_then(|visit| visit.signs_in);
        let parent = match from {
            _ if pending.is_some_and(|pending| pending.owner == owner) => {
                pending.and_then(|pending| pending.parent)
            }
            _ if pending.is_some() => {
                self.drop_unsaved(id);
                None
            }
            Some((_, Some(before))) if before != owner => {
                self.drop_unsaved(id);
                None
            }
            Some((key, _)) => Some(Parent {
                key,
                is_certain: true,
            }),
            // Perhaps it was left by a sign-in of the same owner.
            None => hidden.map(|key| Parent {
                key,
                is_certain: false,
            }),
        };
        if let Some((key, _)) = from {
            self.attempt(id, Target::Left(key));
        } else if let Some(key) = hidden {
            self.attempt(id, Target::Perhaps(key));
        }
        if self.setting.cap > 0 {
            self.attempt(id, Target::Capped(owner));
        }
        self.visit(id, |visit| visit.signs_in = Some(SignsIn { owner, parent }));
    }

    /// A handler has ended its session; what it has not saved goes with it.
    pub(crate) fn destroys(&mut self, id: u16, session: Option<PublicId>, is_left: bool) {
        let shown = self.visits.get(&id).and_then(|visit| visit.shown.as_ref());
        // What a secret does not open any more it may still end.
        let shown = shown.map(|shown| Target::Perhaps(shown.key));
        if let Some(target) = session.map(Target::One).or(shown) {
            self.attempt(id, target);
        }
        self.drop_unsaved(id);
        self.visit(id, |visit| {
            let is_own = session.is_some_and(|key| visit.made.contains(&key));
            visit.signs_in = None;
            visit.has_signed_in = false;
            visit.holds = None;
            visit.sees = None;
            visit.has_ended_its_own |= is_own || !is_left;
        });
    }

    /// A request logs out without looking.
    pub(crate) fn logs_out(&mut self, id: u16) {
        let shown = self.visits.get(&id).and_then(|visit| visit.shown.as_ref());
        if let Some(key) = shown.map(|shown| shown.key) {
            self.attempt(id, Target::Perhaps(key));
        }
        self.visit(id, |visit| visit.has_ended_its_own = true);
    }

    /// A handler has revoked its own session; a sign-in that was not written yet goes on, with its values.
    pub(crate) fn revoked_its_own(&mut self, id: u16) {
        let signs_in = self.visits.get(&id).and_then(|visit| visit.signs_in);
        if signs_in.is_none() {
            return self.destroys(id, None, false);
        }
        self.visit(id, |visit| {
            visit.holds = None;
            visit.sees = None;
            visit.has_ended_its_own = true;
            if let Some(SignsIn {
                parent: Some(parent),
                ..
            }) = &mut visit.signs_in
            {
                parent.is_certain = false;
            }
        });
    }

    /// Somebody tries to end sessions; returns the attempt's place.
    pub(crate) fn attempt(&mut self, by: u16, target: Target) -> usize {
        let begun = self.point();
        self.attempts.push(Attempt {
            by,
            target,
            begun,
            done: None,
        });
        self.attempts.len() - 1
    }

    /// They were told that it is done.
    pub(crate) fn succeed(&mut self, attempt: usize) {
        let now = self.point();
        if let Some(attempt) = self.attempts.get_mut(attempt) {
            attempt.done.get_or_insert(now);
        }
    }

    pub(super) fn drop_unsaved(&mut self, id: u16) {
        let Some(visit) = self.visits.get_mut(&id) else {
            return;
        };
        let was_tried = visit.failed_commits > 0;
        for place in std::mem::take(&mut visit.unsaved) {
            if !was_tried {
                self.writes[place].outcome = Outcome::Void;
            }
        }
    }
}
