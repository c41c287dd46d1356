use super::life::lives_until;
use crate::ledger::known::Known;
use crate::ledger::{Fact, Ledger};
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

/// No session is larger than allowed, and of the logins that were answered there are no more than an owner may have.
pub(super) fn limits_hold(ledger: &Ledger, fact: &Fact) -> Option<String> {
    match fact {
        Fact::Applied(place) => {
            let applied = ledger.applied.get(*place)?;
            let size = applied.after.as_ref()?.data.len();
            (size > MAX_BYTES).then(|| format!("{} has {size} bytes", applied.key))
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
