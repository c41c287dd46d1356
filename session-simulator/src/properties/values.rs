use session_core::{PublicId, Record};

use crate::act::SLOTS;
use crate::desk::COUNTER;
use crate::ledger::visit::{Look, Visit};
use crate::ledger::write::{Outcome, What, Write};
use crate::ledger::{Fact, Ledger};

/// A request that began after a write was acknowledged finds it, or what was written on top of it.
pub(super) fn no_acknowledged_write_is_lost(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let (visit, look, key) = found(ledger, fact)?;
    let chain = ledger.chain(key);
    for slot in 0..SLOTS {
        let value = look.values.get(&slot).copied();
        let of_slot = || {
            let writes = ledger.writes.iter();
            writes.filter_map(move |write| Some((write, write.leaves(slot)?)))
        };
        let mut candidates = of_slot().filter(|(write, left)| {
            *left == value && ledger.may_be_of(write, &chain) && write.at.order < look.at.order
        });
        let is_covered = |write: Option<&Write>| {
            of_slot().any(|(later, left)| {
                left != value
                    && is_settled(ledger, later, visit, look, &chain)
                    && write.is_none_or(|write| is_before(ledger, write, later))
            })
        };
        let is_explained = candidates.any(|(write, _)| !is_covered(Some(write)))
            || (value.is_none() && !is_covered(None));
        if !is_explained {
            return Some(format!("slot {slot} of {key} has {value:?}"));
        }
    }
    let may_be_cleared = |add: &Write| {
        let mut writes = ledger.writes.iter();
        writes.any(|write| {
            write.what == What::Clear
                && ledger.may_be_of(write, &chain)
                && !is_before(ledger, write, add)
        })
    };
    let settled = counts(ledger).filter(|write| is_settled(ledger, write, visit, look, &chain));
    let least = settled.filter(|write| !may_be_cleared(write)).count() as u64;
    (look.count < least)
        .then(|| format!("{key} counts {}, and {least} were acknowledged", look.count))
}

/// No more than was asked for since it was cleared; a change may count twice if others have written on top of it before its
/// request could see that it was stored.
pub(super) fn no_change_counts_twice(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let (visit, look, key) = found(ledger, fact)?;
    let chain = ledger.chain(key);
    let is_cleared = |add: &Write| {
        let mut writes = ledger.writes.iter();
        writes.any(|write| {
            write.what == What::Clear
                && is_settled(ledger, write, visit, look, &chain)
                && is_before(ledger, add, write)
        })
    };
    let possible = counts(ledger).filter(|write| {
        ledger.may_be_of(write, &chain) && write.at.order < look.at.order && !is_cleared(write)
    });
    let tries = |write: &Write| {
        let visit = ledger.visits.get(&write.by);
        let failed = visit.map_or(0, |visit| u64::from(visit.failed_commits));
        1 + failed.min(ledger.buried(write.by, &chain))
    };
    let most = possible.map(tries).sum();
    (look.count > most).then(|| format!("{key} counts {}, and {most} were asked for", look.count))
}

/// What a request was told to be stored is what it has brought to the store itself; it was not dropped in silence.
pub(super) fn what_was_acknowledged_was_stored(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Answered(id) = fact else {
        return None;
    };
    let own = || ledger.writes.iter().filter(|write| write.by == *id);
    let is_kept = |text: &str| {
        let mut applied = ledger.applied.iter();
        applied.any(|it| {
            let has_it = |record: &Record| record.data.contains(text);
            it.by == *id && it.after.as_ref().is_some_and(has_it)
        })
    };
    let is_lost = |write: &&Write| {
        let mut later = own().filter(|other| other.at.order > write.at.order);
        match write.what {
            _ if !matches!(write.outcome, Outcome::Acknowledged { of: Some(_), .. }) => false,
            What::Put(slot, value) => {
                !later.any(|other| other.leaves(slot).is_some()) && !is_kept(&value.to_string())
            }
            // Together with a clear it may come to what was there.
            What::Add => !own().any(|other| other.what == What::Clear) && !is_kept(COUNTER),
            What::Remove(_) | What::Clear => false,
        }
    };
    let lost = own().find(is_lost)?;
    Some(format!(
        "request {id} was told that {:?} is stored, and has not written it",
        lost.what
    ))
}

/// What a request finds is of the session that its cookie opens, or of those before it.
pub(super) fn nobody_sees_anothers_values(ledger: &Ledger, fact: &Fact) -> Option<String> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let look = visit.look.as_ref()?;
    let opened = visit
        .shown
        .as_ref()
        .and_then(|shown| ledger.opened_by(shown));
    let Some((known, _)) = opened else {
        let is_nothing = look.session.is_none()
            && look.owner.is_none()
            && look.authenticated.is_none()
            && !look.has_values;
        return (!is_nothing).then(|| format!("request {id} shows no cookie of ours: {look:?}"));
    };
    if known.site != visit.site {
        return Some(format!("request {id} opens a session of another site"));
    }
    match look.session {
        None if look.has_values || look.owner.is_some() || look.authenticated.is_some() => {
            Some(format!("request {id} sees something without a session"))
        }
        Some(other) if other != known.key => Some(format!(
            "request {id} has opened {other} by a cookie of {}",
            known.key
        )),
        Some(_) if look.owner != known.owner => Some(format!(
            "{} is owner {:?}'s, and request {id} sees {:?}",
            known.key, known.owner, look.owner
        )),
        _ => {
            let chain = ledger.chain(known.key);
            let foreign = look.values.iter().find(|(slot, value)| {
                let put = What::Put(**slot, **value);
                let mut writes = ledger.writes.iter();
                !writes.any(|write| write.what == put && ledger.may_be_of(write, &chain))
            });
            foreign.map(|(slot, value)| {
                format!(
                    "slot {slot} of {} has {value}, which nobody has put there",
                    known.key
                )
            })
        }
    }
}

/// Returns a look that has found the session of the cookie.
fn found<'a>(ledger: &'a Ledger, fact: &Fact) -> Option<(&'a Visit, &'a Look, PublicId)> {
    let Fact::Looked(id) = fact else {
        return None;
    };
    let visit = ledger.visits.get(id)?;
    let look = visit.look.as_ref()?;
    let (known, _) = ledger.opened_by(visit.shown.as_ref()?)?;
    (look.session == Some(known.key)).then_some((visit, look, known.key))
}

/// Says whether a request has to find a write: it was acknowledged before, and caches know of it.
fn is_settled(
    ledger: &Ledger,
    write: &Write,
    visit: &Visit,
    look: &Look,
    chain: &[(PublicId, bool)],
) -> bool {
    write.must_be_of(chain).is_some_and(|done| {
        done.order < visit.begun.order
            && done.at + ledger.staleness(write.by, visit.node) <= look.at.at
    })
}

/// Says whether a write was over when the request of another one began: a change that cancels out on what that request has found
/// is one of that moment.
fn is_before(ledger: &Ledger, write: &Write, later: &Write) -> bool {
    if write.by == later.by {
        return write.at.order < later.at.order;
    }
    let (done, visit) = (ledger.done(write), ledger.visits.get(&later.by));
    done.zip(visit).is_some_and(|(done, visit)| {
        let staleness = ledger.staleness(write.by, visit.node);
        done.order < visit.begun.order && done.at + staleness <= visit.begun.at
    })
}

fn counts(ledger: &Ledger) -> impl Iterator<Item = &Write> {
    let writes = ledger.writes.iter();
    writes.filter(|write| write.what == What::Add)
}
