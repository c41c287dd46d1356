use session_core::PublicId;

use super::attempt::Target;
use super::known::{Issued, Known};
use super::visit::Answer;
use super::write::Outcome;
use super::{Fact, Ledger};
use crate::act::Task;

/// What handlers and browsers are told.
impl Ledger {
    /// It was told of its success: what it has presented has ended, unless its secret may be too old.
    fn logged_out(&mut self, id: u16) {
        let Some(shown) = self.visits.get(&id).and_then(|visit| visit.shown.as_ref()) else {
            return;
        };
        let turns = self
            .opened_by(shown)
            .map(|(known, issued)| self.turns_since(known, issued, id));
        let key = shown.key;
        if turns.is_some_and(|turns| turns <= 1) {
            let mut own = self.attempts.iter_mut();
            if let Some(attempt) = own.find(|attempt| attempt.by == id) {
                attempt.target = Target::One(key);
            }
        }
    }

    /// An early save has succeeded; the session that it is of now, and its owner.
    pub(crate) fn saved(&mut self, id: u16, session: Option<(PublicId, Option<u8>)>) {
        let leaves = self.is_signing_in(id);
        self.acknowledge(id, session);
        self.succeed_own(id, leaves);
    }

    /// One has failed; the changes are kept.
    pub(crate) fn save_failed(&mut self, id: u16) {
        self.visit(id, |visit| visit.failed_commits += 1);
    }

    /// A login was over the cap, and was forgotten with all that went with it.
    pub(crate) fn login_refused(&mut self, id: u16) {
        self.save_failed(id);
        self.drop_unsaved(id);
        self.visit(id, |visit| visit.signs_in = None);
    }

    /// The session was found to be ended by a save; or a login has given way, and the session is as before.
    pub(crate) fn lost(&mut self, id: u16, session: Option<PublicId>) {
        self.visit(id, |visit| {
            visit.unsaved.clear();
            visit.signs_in = None;
            visit.holds = None;
            visit.sees = session;
        });
    }

    fn acknowledge(&mut self, id: u16, session: Option<(PublicId, Option<u8>)>) {
        let now = self.point();
        let Some(visit) = self.visits.get_mut(&id) else {
            return;
        };
        let key = session.map(|(key, _)| key);
        for place in std::mem::take(&mut visit.unsaved) {
            self.writes[place].outcome = Outcome::Acknowledged { of: key, at: now };
        }
        let signs_in = visit.signs_in.take();
        visit.has_signed_in |= signs_in.is_some();
        visit.holds = key;
        visit.sees = key;
        if let Some((key, owner)) = session {
            if !visit.made.contains(&key) {
                visit.made.push(key);
            }
            let (site, begun) = (visit.site, visit.begun);
            self.sessions.entry(key).or_insert_with(|| Known {
                key,
                site,
                owner,
                parent: signs_in.and_then(|signs_in| signs_in.parent),
                creator: id,
                begun,
                learned: now,
                issued: Vec::new(),
            });
        }
    }

    /// A request was answered. `session` is the one that it is known to be of, and its owner.
    pub(crate) fn answered(
        &mut self,
        id: u16,
        answer: Answer,
        session: Option<(PublicId, Option<u8>)>,
    ) {
        let is_acknowledgement = answer.is_acknowledgement();
        let leaves = is_acknowledgement && self.is_signing_in(id);
        if is_acknowledgement {
            self.acknowledge(id, session);
        } else if answer.drops_changes() {
            self.drop_unsaved(id);
        } else if answer.is_lost() {
            self.visit(id, |visit| visit.holds = None);
        }
        if !answer.is_error
            && self
                .visits
                .get(&id)
                .is_some_and(|it| it.task == Task::Logout)
        {
            self.logged_out(id);
        }
        if !answer.is_error {
            self.succeed_own(id, leaves);
        }
        let at = self.point();
        if let Some(secret) = answer.set.clone() {
            let begun = self.visits.get(&id).map_or(at, |visit| visit.begun);
            if let Some(known) = self.sessions.get_mut(&secret.key) {
                known.issue(Issued {
                    secret,
                    by: id,
                    begun,
                    at,
                });
            }
        }
        self.visit(id, |visit| {
            visit.answer = Some(answer);
            visit.ended = Some(at);
        });
        self.note(Fact::Answered(id));
    }

    fn is_signing_in(&self, id: u16) -> bool {
        let visit = self.visits.get(&id);
        visit.is_some_and(|visit| visit.signs_in.is_some())
    }

    /// What the request itself was to end has ended; what it was to leave too, if its sign-in is stored.
    fn succeed_own(&mut self, id: u16, leaves: bool) {
        let now = self.point();
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.by == id) {
            let is_done = match attempt.target {
                Target::One(_) => true,
                Target::Left(_) => leaves,
                _ => false,
            };
            if is_done {
                attempt.done.get_or_insert(now);
            }
        }
    }
}
