use crate::ledger::write::{Outcome, What};
use crate::ledger::{Fact, Ledger};
use crate::net::Kind;
use crate::secret::Secret;

/// A new session has a key that nobody has ever seen.
pub(super) fn no_id_is_adopted_or_used_again(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Applied(place) = fact else {
        return None;
    };
    let applied = ledger.applied.get(*place)?;
    if applied.kind != Kind::Insert || applied.is_repeated {
        return None;
    }
    let was_shown = ledger.visits.values().any(|visit| visit.shows(applied.key));
    let mut earlier = ledger.applied[..*place].iter();
    let was_used = earlier.any(|earlier| {
        let is_record = earlier.before.is_some() || earlier.after.is_some();
        earlier.key == applied.key && is_record
    });
    (was_shown || was_used).then(|| {
        let (by, key) = (applied.by, applied.key);
        format!("request {by} begins a session under {key}, which is not new")
    })
}

/// An answer's cookie is of the session that the request came to, or of one that it has begun itself.
pub(super) fn no_answer_carries_anothers_cookie(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let (id, set) = answered_with(ledger, fact)?;
    let visit = ledger.visits.get(&id)?;
    let found = visit.look.as_ref().and_then(|look| look.session);
    let is_found = found == Some(set.key) && visit.shows(set.key);
    let known = ledger.sessions.get(&set.key);
    let is_own = known.is_none_or(|known| known.creator == id);
    (!is_found && !is_own).then(|| format!("request {id} gets a cookie of {}", set.key))
}

/// The last write of the request that the store has acknowledged to it has made the cookie's secret the present one.
pub(super) fn a_cookie_is_set_for_what_its_own_write_has_stored(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    let (id, set) = answered_with(ledger, fact)?;
    let mut own = ledger.applied.iter().rev();
    let last =
        own.find(|applied| applied.by == id && applied.key == set.key && applied.is_acknowledged);
    let after = last.and_then(|applied| applied.after.as_ref());
    let is_stored = after.is_some_and(|record| record.secrets.present == set.digest);
    (!is_stored).then(|| {
        format!(
            "request {id} gets a cookie of {} that it has not stored",
            set.key
        )
    })
}

/// What a request was told to be stored is in a session of which the browser has a cookie: the one that it has sent,
/// or the answer's, also if that is an error.
pub(super) fn what_was_acknowledged_is_told(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Answered(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let answer = visit.answer.as_ref()?;
    let lost = ledger.writes.iter().find(|write| {
        let is_nowhere = matches!(write.outcome, Outcome::Acknowledged { of: None, .. });
        let is_last = |what: What| {
            let mut later = ledger.writes.iter();
            !later.any(|other| {
                let covers = match (what, other.what) {
                    (_, What::Clear) => true,
                    (What::Put(slot, _), What::Put(other, _) | What::Remove(other)) => {
                        slot == other
                    }
                    _ => false,
                };
                other.by == *id && other.at.order > write.at.order && covers
            })
        };
        let stores = matches!(write.what, What::Put(..) | What::Add);
        write.by == *id && is_nowhere && stores && is_last(write.what)
    });
    if lost.is_some() {
        return Some(format!(
            "request {id} has stored values, and nobody knows where"
        ));
    }
    let held = visit.holds?;
    let sent = visit.shown.as_ref();
    let sent = sent.filter(|_| {
        visit
            .look
            .as_ref()
            .is_some_and(|look| look.session == Some(held))
    });
    let has = match &answer.set {
        Some(set) => Some(set),
        None => sent.filter(|_| !answer.removes),
    };
    let Some(has) = has.filter(|secret| secret.key == held) else {
        return Some(format!(
            "request {id} has stored {held}, and its browser has no cookie of it"
        ));
    };
    // A new secret that it was told of is the browser's too, while it is the present one.
    let mut all = ledger
        .applied
        .iter()
        .rev()
        .filter(|applied| applied.key == held);
    let present = all.next()?.after.as_ref()?.secrets.present;
    let mut issued = ledger.applied.iter().filter(|applied| applied.key == held);
    let issuer = issued.find(|applied| {
        let is_it = |record: &session_core::Record| record.secrets.present == present;
        applied.after.as_ref().is_some_and(is_it) && !applied.before.as_ref().is_some_and(is_it)
    })?;
    let is_owed = issuer.by == *id && issuer.is_acknowledged;
    (is_owed && has.digest != present)
        .then(|| format!("request {id} has renewed the secret of {held}, and keeps it to itself"))
}

/// Any other removal might be that of a cookie that a parallel login has just set.
pub(super) fn only_who_ends_a_session_removes_its_cookie(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    let Fact::Answered(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let removes = visit.answer.as_ref()?.removes;
    (removes && !visit.has_ended_its_own)
        .then(|| format!("request {id} has ended nothing and removes a cookie"))
}

/// Returns an answer's request and the cookie that it sets.
fn answered_with<'a>(ledger: &'a Ledger, fact: &Fact) -> Option<(u16, &'a Secret)> {
    let Fact::Answered(id) = fact else {
        return None;
    };
    let answer = ledger.visits.get(id)?.answer.as_ref()?;
    Some((*id, answer.set.as_ref()?))
}
