use session_core::Record;

use super::ends::opened;
use crate::ledger::{Fact, Ledger};
use crate::setting::{GRACE, SECOND};

/// One id a session at a time: when the next one was presented and the grace is over, the old one opens nothing.
pub(super) fn an_old_secret_dies(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let (visit, known) = opened(ledger, *id)?;
    let old = known.find(visit.shown.as_ref()?)?;
    visit.look.as_ref()?.session?;
    let limit = GRACE + ledger.setting.skew() + SECOND + ledger.setting.staleness();
    let newer = ledger.visits.iter().find(|(other, later)| {
        let Some(new) = later.shown.as_ref().and_then(|shown| known.find(shown)) else {
            return false;
        };
        let has_found = later
            .look
            .as_ref()
            .is_some_and(|look| look.session == Some(known.key));
        let has_presented = later.answer.as_ref().is_some_and(|answer| !answer.is_error);
        let over = ledger.over(**other);
        old.at.order < new.begun.order
            && has_found
            && has_presented
            && !later.is_faulty
            && over.is_some_and(|over| over.at + limit < visit.begun.at)
            // A renewal for its age never keeps the one before the last.
            && ledger.turns(known, new, *id, 0) == 0
    });
    newer.map(|(other, _)| {
        format!(
            "request {id} opens {} by a secret older than request {other}'s",
            known.key
        )
    })
}

/// The secret from before a re-authentication gains nothing by it.
pub(super) fn a_secret_sees_no_younger_moment(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let (visit, known) = opened(ledger, *id)?;
    let seen = visit.look.as_ref()?.authenticated?;
    let digest = visit.shown.as_ref()?.digest;
    let first = |is_it: &dyn Fn(&Record) -> bool| {
        let mut applied = ledger.applied.iter();
        applied.position(|applied| {
            applied.key == known.key && applied.after.as_ref().is_some_and(is_it)
        })
    };
    let issued = first(&|record| record.secrets.present == digest)?;
    let moment = |record: &Record| record.authenticated == Some(seen);
    let Some(authenticated) = first(&moment) else {
        return Some(format!("request {id} sees a moment that never was"));
    };
    // Two at once, with one secret, get the same new one.
    let after = ledger.applied[authenticated].after.as_ref();
    let came_with_it = after.is_some_and(|record| record.secrets.present == digest);
    (issued < authenticated && !came_with_it).then(|| {
        format!(
            "request {id} sees a moment of {} that is younger than its secret",
            known.key
        )
    })
}
