use super::life::lives_until;
use crate::desk::owner_name;
use crate::ledger::known::Known;
use crate::ledger::{Fact, Ledger};
use crate::net::{Applied, Kind};
use crate::setting::MAX_BYTES;

/// A list has those of the owner's sessions that live for sure, and nobody else's; in the end it has exactly what is stored.
pub(super) fn an_owners_list_is_their_live_sessions(
    ledger: &Ledger,
    fact: &Fact,
) -> Option<String> {
    match fact {
        Fact::Listed {
            owner,
            begun,
            found,
        } => {
            let foreign = found.iter().find(|key| {
                let known = ledger.sessions.get(key);
                known.is_some_and(|known| known.owner != Some(*owner))
            });
            if let Some(key) = foreign {
                return Some(format!("{key} is in the list of owner {owner}"));
            }
            let has_to_be = |known: &&Known| {
                known.owner == Some(*owner)
                    && known.learned.order < begun.order
                    && lives_until(ledger, known) > begun.at
                    && !ledger.may_have_ended(known, 0)
            };
            let mut sessions = ledger.sessions.values().filter(has_to_be);
            let missing = sessions.find(|known| !found.contains(&known.key))?;
            Some(format!(
                "{} is not in the list of owner {owner}",
                missing.key
            ))
        }
        Fact::Settled {
            owner,
            listed,
            stored,
        } => {
            let mut listed = listed.clone();
            listed.sort();
            let mut stored = stored.clone();
            stored.sort();
            (listed != stored).then(|| {
                format!("the list of owner {owner} is {listed:?}, and {stored:?} is stored")
            })
        }
        _ => None,
    }
}

/// Returns how many sessions an owner has left after a login has made room for itself, while nobody else did anything.
fn ends_for_room(ledger: &Ledger, applied: &Applied) -> Option<usize> {
    let visit = ledger.visits.get(&applied.by)?;
    let owner = visit.signs_in.filter(|_| !visit.has_ended_its_own)?.owner;
    let before = applied.before.as_ref()?;
    let is_own = visit.shows(applied.key)
        || visit.made.contains(&applied.key)
        || ledger
            .applied
            .iter()
            .any(|it| it.by == applied.by && it.key == applied.key && it.kind == Kind::Insert);
    let is_alone = ledger.visits.keys().all(|other| {
        let over = ledger.over(*other);
        *other == applied.by || over.is_some_and(|over| over.order < visit.begun.order)
    });
    let is_owners = before.owner.as_deref() == Some(&*owner_name(owner));
    let ends = applied.kind == Kind::Delete && is_owners && !is_own && is_alone;
    applied.left.filter(|_| ends && ledger.setting.cap > 0)
}

/// No session is larger than allowed, and of the logins that were answered there are no more than an owner may have.
pub(super) fn limits_hold(ledger: &Ledger, fact: &Fact) -> Option<String> {
    match fact {
        Fact::Applied(place) => {
            let applied = ledger.applied.get(*place)?;
            if let Some(left) = ends_for_room(ledger, applied)
                && left < usize::from(ledger.setting.cap)
            {
                let (by, key) = (applied.by, applied.key);
                return Some(format!("login {by} has ended {key}, and {left} are left"));
            }
            let size = applied.after.as_ref()?.data.len();
            (size > MAX_BYTES).then(|| format!("{} has {size} bytes", applied.key))
        }
        // Where logins are refused, those that are over by one clock do not count by it.
        Fact::Listed {
            owner,
            begun,
            found,
        } if !ledger.setting.refuses || ledger.setting.nodes == 1 => {
            let cap = usize::from(ledger.setting.cap);
            let answered = found.iter().filter(|key| {
                let known = ledger.sessions.get(key);
                known.is_some_and(|known| known.learned.order < begun.order)
            });
            let count = answered.count();
            (cap > 0 && count > cap).then(|| format!("owner {owner} has {count} sessions"))
        }
        Fact::Settled { owner, listed, .. } => {
            let cap = usize::from(ledger.setting.cap);
            let answered = listed
                .iter()
                .filter(|key| ledger.sessions.contains_key(key));
            let count = answered.count();
            (cap > 0 && count > cap).then(|| format!("owner {owner} has {count} sessions"))
        }
        _ => None,
    }
}
