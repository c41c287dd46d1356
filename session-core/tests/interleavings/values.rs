//! What must hold of the values that requests write.

use session_core::{Key, Record};

use crate::actor::Actor;
use crate::cast::Act;
use crate::properties::ends;
use crate::visit::Visit;

/// Nobody has ended, cleared or taken over the session that it was put into.
pub fn no_acknowledged_put_is_lost(visit: &Visit<'_>) -> bool {
    let clears = |act| act == Act::Clear;
    if ends(visit) || visit.any(clears) {
        return true;
    }
    let mut all = visit
        .actors
        .iter()
        .flat_map(|actor| &actor.ledger.acknowledged);
    all.all(|(held, written)| {
        let mut heirs = heirs(visit, *held).into_iter();
        heirs.all(|record| written.names.iter().all(|name| has(&record, name)))
    })
}

pub fn no_acknowledged_increment_is_lost_or_counted_twice(visit: &Visit<'_>) -> bool {
    let clears = |act| act == Act::Clear;
    if ends(visit) || visit.any(clears) {
        return true;
    }
    let acknowledged = |key: Key| -> u32 {
        let all = visit
            .actors
            .iter()
            .flat_map(|actor| &actor.ledger.acknowledged);
        let own = all.filter(|(held, _)| *held == key);
        own.map(|(_, written)| written.increments).sum()
    };
    let tried: u32 = visit
        .actors
        .iter()
        .map(|actor| actor.ledger.written.increments)
        .sum();
    let first = visit.scene.first.key;
    // A save that is tried again after its answer was lost may count twice if others write between.
    let may_double = visit.scene.setting.faults > 0 && visit.any(|act| act == Act::TrySave);
    let keys: Vec<Key> = visit.actors.iter().filter_map(|actor| actor.held).collect();
    keys.into_iter().all(|key| {
        let Some(record) = visit.scene.live(&key).filter(|record| !record.closed) else {
            return true;
        };
        let inherits = key != first && heir_keys(visit).contains(&key);
        let least = acknowledged(key) + if inherits { acknowledged(first) } else { 0 };
        let most = if visit.scene.setting.faults == 0 {
            // One that comes second has what it had read, or nothing.
            let missed = key != first && !inherits;
            least + if missed { acknowledged(first) } else { 0 }
        } else if may_double {
            u32::MAX
        } else {
            tried
        };
        (least..=most).contains(&counted(&record))
    })
}

/// Unless they are another owner's. A second request that signs in at the same time keeps them too.
pub fn a_sign_in_keeps_what_its_request_has_seen(visit: &Visit<'_>) -> bool {
    let drops = |act| matches!(act, Act::Clear | Act::Destroy);
    let mut actors = visit.actors.iter().filter(|actor| !actor.does(drops));
    visit.any(|act| act == Act::Clear)
        || actors.all(|actor| {
            let seen = actor.sights.first();
            let seen =
                seen.filter(|sight| sight.owner.is_none() || sight.owner.as_deref() == actor.owner);
            let held = actor.held.and_then(|key| visit.scene.live(&key));
            match (actor.owner, seen, held) {
                (Some(_), Some(seen), Some(record)) if !record.closed => {
                    seen.names.iter().all(|name| has(&record, name))
                }
                _ => true,
            }
        })
}

/// Nothing that a request has written and not saved.
pub fn an_error_stores_nothing(visit: &Visit<'_>) -> bool {
    let saves = |act| matches!(act, Act::Save | Act::TrySave);
    let failed = visit
        .actors
        .iter()
        .filter(|actor| actor.does(|act| act == Act::Fail));
    let mut names = failed
        .filter(|actor| !actor.does(saves))
        .flat_map(|actor| &actor.ledger.written.names);
    let model = visit.scene.world.model.lock().unwrap();
    names.all(|name| !model.0.values().any(|record| has(record, name)))
}

/// The sessions that sign-ins from the first one have begun, and left it for.
///
/// What somebody owned is not read any more after the first of them, so a second has no values.
fn heir_keys(visit: &Visit<'_>) -> Vec<Key> {
    let first = visit.scene.first.key;
    let owner = visit.scene.setting.owner;
    let from_first = |actor: &&Actor| {
        let is_first = actor.sent.as_ref().is_some_and(|sent| sent.key == first);
        let is_ousted = owner.is_some() && actor.owner != owner;
        is_first && actor.owner.is_some() && !is_ousted
    };
    let closes = |actor: &Actor| {
        let mut events = visit.scene.events.iter();
        events.any(|event| {
            // Without a grace it is over at once.
            let closed = event.after.as_ref().is_none_or(|record| record.closed);
            event.actor == actor.number && event.key == first && closed && !event.is_delete
        })
    };
    let actors = visit.actors.iter().filter(from_first);
    let actors = actors.filter(|actor| owner.is_none() || closes(actor));
    actors.filter_map(|actor| actor.held).collect()
}

/// The live records in which a value must be that was put into a session.
fn heirs(visit: &Visit<'_>, held: Key) -> Vec<Record> {
    let mut keys = vec![held];
    if held == visit.scene.first.key {
        keys.extend(heir_keys(visit));
    }
    let records = keys.iter().filter_map(|key| visit.scene.live(key));
    records.filter(|record| !record.closed).collect()
}

pub fn has(record: &Record, name: &str) -> bool {
    record.data.contains(&format!("\"{name}\":"))
}

pub fn counted(record: &Record) -> u32 {
    let rest = record
        .data
        .split_once("\"n\":")
        .map_or("", |(_, rest)| rest);
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}
