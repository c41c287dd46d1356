use session_core::PublicId;

use super::life::lives_until;
use crate::ledger::known::Known;
use crate::ledger::visit::Visit;
use crate::ledger::write::{Outcome, What};
use crate::ledger::{Fact, Ledger, Point};
use crate::net::Kind;
use crate::setting::{GRACE, SECOND};

/// A logout, a revocation: whoever comes after the answer finds nothing, writes nothing, gets no cookie
/// and sees it in no list.
pub(super) fn what_was_ended_is_never_alive_again(ledger: &Ledger, fact: &Fact) -> Option<String> {
    match fact {
        Fact::Looked(id) => {
            let (visit, known) = opened(ledger, *id)?;
            let look = visit.look.as_ref()?;
            let is_later = has_to_know(ledger, known, visit, look.at);
            let is_alive = look.session.is_some() || look.owner.is_some() || look.has_values;
            (is_later && is_alive)
                .then(|| format!("request {id} has found {}, which had ended", known.key))
        }
        Fact::Answered(id) => {
            let visit = ledger.visits.get(id)?;
            let answer = visit.answer.as_ref()?;
            let at = visit.ended?;
            if answer.is_lost() && answer.set.is_some() {
                return Some(format!(
                    "request {id} gets a cookie of what it is told to be lost"
                ));
            }
            let has_ended = |key: &PublicId| {
                let known = ledger.sessions.get(key)?;
                has_to_know(ledger, known, visit, at).then_some(known.key)
            };
            let set = answer.set.as_ref().map(|secret| &secret.key);
            if let Some(key) = set.and_then(has_ended) {
                return Some(format!(
                    "request {id} gets a cookie of {key}, which had ended"
                ));
            }
            let written = stored_by(ledger, *id).find_map(|key| has_ended(&key));
            written.map(|key| format!("request {id} has written {key}, which had ended"))
        }
        Fact::Listed {
            owner,
            begun,
            found,
        } => found.iter().find_map(|key| {
            let known = ledger.sessions.get(key)?;
            let ended = ledger.ended(known)?;
            (ended.order < begun.order)
                .then(|| format!("the list of owner {owner} has {key}, which had ended"))
        }),
        _ => None,
    }
}

/// The session that a sign-in has left is nobody's when the grace is over, and is not written any more.
pub(super) fn a_left_session_is_read_for_the_grace_at_most(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    match fact {
        Fact::Applied(place) => {
            let applied = ledger.applied.get(*place)?;
            let before = applied.before.as_ref().filter(|record| record.closed)?;
            let after = applied.after.as_ref()?;
            let stays = after.closed && after.data == before.data;
            (!stays || after.expires > before.expires).then(|| {
                let (by, key) = (applied.by, applied.key);
                format!("request {by} has written {key}, which is closed")
            })
        }
        Fact::Looked(id) => {
            let (visit, known) = opened(ledger, *id)?;
            let look = visit.look.as_ref()?;
            let left = ledger.left(known)?;
            let limit =
                left.at + GRACE + ledger.setting.skew() + SECOND + ledger.setting.staleness();
            // One that was over by a clock on the way was not closed, and ends by the others' too.
            let was_closed = lives_until(ledger, known) > left.at;
            (was_closed && visit.begun.at > limit && look.session.is_some())
                .then(|| format!("request {id} still finds {}, which was left", known.key))
        }
        Fact::Answered(id) => {
            let visit = ledger.visits.get(id)?;
            let at = visit.ended?;
            let was_left = |key: &PublicId| {
                let known = ledger.sessions.get(key)?;
                let left = ledger.left(known)?;
                let was_closed = lives_until(ledger, known) > left.at;
                // By a copy that is not older than a cache may be, what is stored already can be stored: nothing is written.
                (was_closed && is_after(ledger, left, visit.begun, at)).then_some(*key)
            };
            let written = stored_by(ledger, *id).find_map(|key| was_left(&key));
            written.map(|key| format!("request {id} has written {key}, which was left"))
        }
        _ => None,
    }
}

/// A record that was removed comes back under no command.
pub(super) fn nothing_is_stored_of_what_was_removed(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    let Fact::Applied(place) = fact else {
        return None;
    };
    let applied = ledger.applied.get(*place)?;
    let comes_back =
        applied.before.is_none() && applied.after.is_some() && applied.kind != Kind::Insert;
    comes_back.then(|| {
        let (by, kind, key) = (applied.by, applied.kind, applied.key);
        format!("request {by} has brought {key} back by its {kind:?}")
    })
}

/// Returns the sessions in which writes of a request were acknowledged.
fn stored_by(ledger: &Ledger, id: u16) -> impl Iterator<Item = PublicId> {
    // To remove what is not there is no write.
    let writes = ledger
        .writes
        .iter()
        .filter(move |write| write.by == id && matches!(write.what, What::Put(..) | What::Add));
    writes.filter_map(|write| match write.outcome {
        Outcome::Acknowledged { of, .. } => of,
        _ => None,
    })
}

/// Returns a request, and the session that its cookie is of.
pub(super) fn opened(ledger: &Ledger, id: u16) -> Option<(&Visit, &Known)> {
    let visit = ledger.visits.get(&id)?;
    let (known, _) = ledger.opened_by(visit.shown.as_ref()?)?;
    Some((visit, known))
}

/// Says whether a request has to know, at a later moment, that a session had ended.
fn has_to_know(ledger: &Ledger, known: &Known, visit: &Visit, later: Point) -> bool {
    ledger.ends_of(known).any(|(by, ended)| {
        ended.order < visit.begun.order && ended.at + ledger.staleness(by, visit.node) <= later.at
    })
}

/// Says whether a request that began then has to know what had happened, at a later moment.
fn is_after(ledger: &Ledger, happened: Point, begun: Point, later: Point) -> bool {
    happened.order < begun.order && happened.at + ledger.setting.staleness() <= later.at
}
