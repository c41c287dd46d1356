use session_core::PublicId;

use super::ends::opened;
use crate::act::{Act, Task};
use crate::ledger::known::{Issued, Known};
use crate::ledger::{Fact, Ledger};
use crate::net::{Applied, Kind};
use crate::setting::{ABSOLUTE, GRACE, IDLE, SECOND};

/// Nobody finds a session that was not used for too long, or began too long ago, by whatever clock.
pub(super) fn what_has_expired_is_never_alive_again(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let (visit, known) = opened(ledger, *id)?;
    let look = visit.look.as_ref()?;
    look.session?;
    let now = visit.begun.at;
    let used = last_use(ledger, known, *id);
    if used.is_some_and(|used| now > used + IDLE + ledger.setting.skew() + SECOND) {
        return Some(format!(
            "{} was not used for {} s",
            known.key,
            (now - used?) / SECOND
        ));
    }
    let begun = ledger.over(known.creator).map(|over| over.at);
    begun
        .filter(|begun| now > begun + ABSOLUTE + ledger.setting.skew() + SECOND)
        .map(|_| format!("{} began too long ago", known.key))
}

/// A session that was acknowledged, that nobody can have ended and that is not over by any clock is found by its cookie,
/// until a newer one was presented.
pub(super) fn what_lives_is_found(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let look = visit.look.as_ref()?;
    let (known, issued) = ledger.opened_by(visit.shown.as_ref()?)?;
    if look.session.is_some() || ledger.may_have_ended(known, *id) {
        return None;
    }
    let is_newest = !is_newer_presented(ledger, known, issued, *id)
        || is_in_grace(ledger, known, issued, *id, look.at.at);
    let lives = lives_until(ledger, known) > look.at.at;
    (is_newest && lives).then(|| format!("request {id} does not find {}", known.key))
}

/// A failure commits nothing but a logout, and that its secret has reached the browser; it extends no life either.
pub(super) fn a_failure_commits_nothing(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Answered(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let is_failure = visit.answer.as_ref()?.drops_changes();
    let saves = |act: &Act| matches!(act, Act::Save | Act::TrySave);
    let has_saved = matches!(&visit.task, Task::Page(acts) if acts.iter().any(saves));
    let is_change = |applied: &&Applied| {
        let (before, after) = (applied.before.as_ref(), applied.after.as_ref());
        let is_same = before.zip(after).is_some_and(|(before, after)| {
            after.data == before.data
                && after.closed == before.closed
                && after.expires == before.expires
                && after.secrets.present == before.secrets.present
        });
        let is_touch = applied.kind == Kind::Touch && visit.shows(applied.key);
        after.is_some() && (is_touch || !has_saved && !is_same)
    };
    let mut own = ledger.applied.iter().filter(|applied| applied.by == *id);
    let change = own.find(is_change).filter(|_| is_failure)?;
    Some(format!(
        "request {id} has failed, and its {:?} of {} was applied",
        change.kind, change.key
    ))
}

/// Returns until when a session lives for sure, by every clock.
pub(super) fn lives_until(ledger: &Ledger, known: &Known) -> i64 {
    let uses = ledger.visits.iter().filter_map(|(id, visit)| {
        let issued = known.find(visit.shown.as_ref()?)?;
        let answer = visit.answer.as_ref()?;
        let has_found = visit.look.as_ref()?.session == Some(known.key);
        let is_use = has_found
            && answer.is_acknowledgement()
            && !visit.is_faulty
            && ledger.is_present(known, issued, *id);
        is_use.then_some((visit.begun.at, visit.ended?.at))
    });
    let mut uses: Vec<_> = uses.collect();
    uses.sort_unstable();
    // A life is extended once in a tenth of it.
    let skew = ledger.setting.skew();
    let idle = |used: i64| used + IDLE - IDLE / 10 - skew - SECOND;
    let mut until = idle(known.begun.at);
    for (begun, ended) in uses {
        // One that was slow may have come too late.
        if ended < until {
            until = until.max(idle(begun));
        }
    }
    until.min(known.begun.at + ABSOLUTE - skew - SECOND)
}

/// Says whether a cookie works whoever has presented the next one: its grace is not over by the only clock that there is.
fn is_in_grace(ledger: &Ledger, known: &Known, issued: &Issued, except: u16, now: i64) -> bool {
    let may_be_newer =
        |other: &&Issued| other.secret != issued.secret && other.at.order > issued.begun.order;
    let mut newer = known.issued.iter().filter(may_be_newer);
    ledger.setting.nodes == 1
        && ledger.turns_since(known, issued, except) <= 1
        && newer.all(|other| now < other.begun.at + GRACE)
}

/// Says whether somebody has presented a cookie of the session that may be newer than this one.
fn is_newer_presented(ledger: &Ledger, known: &Known, issued: &Issued, except: u16) -> bool {
    ledger.visits.iter().any(|(id, visit)| {
        let other = visit.shown.as_ref().and_then(|shown| known.find(shown));
        *id != except
            && !visit.is_probe
            && other.is_some_and(|other| {
                other.secret != issued.secret && other.at.order > issued.begun.order
            })
    })
}

/// Returns the last moment at which a request may have used the session; `None` while one may.
fn last_use(ledger: &Ledger, known: &Known, except: u16) -> Option<i64> {
    let mut last = ledger.over(known.creator)?.at;
    for (id, visit) in &ledger.visits {
        let made = visit.made.contains(&known.key);
        let found = visit.look.as_ref().map(|look| look.session);
        let may_use = visit.shows(known.key) && found.is_none_or(|of| is(of, known.key));
        let is_user = !visit.is_probe && (made || may_use);
        if *id != except && is_user {
            last = last.max(ledger.over(*id)?.at);
        }
    }
    Some(last)
}

fn is(found: Option<PublicId>, key: PublicId) -> bool {
    found == Some(key)
}
