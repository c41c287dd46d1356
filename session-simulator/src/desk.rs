use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use session_core::{CommitError, Moment, PublicId, Reply, RequestSession, Session, Sessions};

use crate::act::SLOTS;
use crate::ledger::Ledger;
use crate::ledger::visit::{Answer, Look};
use crate::secret::{Secret, value_of};

/// A request's place at the ledger.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(crate) id: u16,
    pub(crate) site: u8,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) sessions: Sessions,
}

impl Desk {
    /// Tells what the handler has found.
    pub(crate) fn looks(&self, session: &RequestSession) {
        let mut ledger = self.ledger.borrow_mut();
        let at = ledger.point();
        let mut values = BTreeMap::new();
        for slot in 0..SLOTS {
            if let Ok(Some(value)) = session.get(&slot_name(slot)) {
                values.insert(slot, value);
            }
        }
        let look = Look {
            at,
            session: session.public_id(),
            owner: session.owner().as_deref().and_then(owner_of),
            authenticated: session.authenticated_at().map(Moment::of),
            values,
            count: session.get(COUNTER).ok().flatten().unwrap_or(0),
            has_values: !session.is_empty(),
            is_left: session.is_superseded(),
        };
        ledger.looked(self.id, look);
    }

    /// Tells the answer.
    pub(crate) fn answers(&self, status: u16, outcome: Result<Reply, CommitError>) {
        let (reply, is_error) = match outcome {
            Ok(reply) => (reply, false),
            Err(failed) => (failed.into_parts().1, true),
        };
        let value = reply.set_cookie().map(value_of);
        let read = |text: &str| Secret::read(self.sessions.policy(), self.site, text);
        let set = value.filter(|value| !value.is_empty()).and_then(read);
        let answer = Answer {
            status,
            is_error,
            removes: value.is_some_and(str::is_empty),
            is_gone: reply.is_gone(),
            is_superseded: reply.is_superseded(),
            set,
        };
        let mut ledger = self.ledger.borrow_mut();
        let session = ledger.visits.get(&self.id).and_then(|visit| {
            let key = answer.set.as_ref().map(|secret| secret.key);
            // A sign-in that sets no cookie would be of no session.
            let key = key.or(visit.sees.filter(|_| visit.signs_in.is_none()))?;
            let known = ledger.sessions.get(&key).and_then(|known| known.owner);
            Some((key, visit.signs_in.map(|it| it.owner).or(known)))
        });
        ledger.answered(self.id, answer, session);
    }
}

/// Returns the session that a handler is in, and its owner.
pub(crate) fn seen(session: &Session) -> Option<(PublicId, Option<u8>)> {
    let owner = session.owner().as_deref().and_then(owner_of);
    Some((session.public_id()?, owner))
}

pub(crate) fn owner_name(owner: u8) -> String {
    format!("owner{owner}")
}

pub(crate) fn slot_name(slot: u8) -> String {
    format!("slot{slot}")
}

pub(crate) fn owner_of(name: &str) -> Option<u8> {
    name.strip_prefix("owner")?.parse().ok()
}

pub(crate) const COUNTER: &str = "count";
