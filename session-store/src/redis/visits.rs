//! What concerns all of an owner's sessions, which lie in many slots.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use session_core::{Device, Key, Revision, Revoke, StoreError};

use super::ask::{Answer, Ask, Slots, Which};
use super::protocol::settled;

/// Lists every session of the owner that lives all the while.
pub(super) async fn devices(slots: &impl Slots, owner: &str) -> Result<Vec<Device>, StoreError> {
    let visits = visit(slots, owner, |key, confirmed| Ask::Load {
        key,
        led_by: None,
        confirmed,
    });
    // One that moved while we were looking was met twice.
    let mut found: HashMap<_, Device> = HashMap::new();
    for (_, answer) in visits.await? {
        let Answer::Here(record) = answer else {
            continue;
        };
        if record.owner.as_deref() == Some(owner) {
            let known = found.get(&record.public_id);
            if known.is_none_or(|known| known.seen <= record.seen) {
                found.insert(record.public_id, record.device());
            }
        }
    }
    let mut devices: Vec<_> = found.into_values().collect();
    devices.sort_by_key(|device| Reverse(device.seen));
    Ok(devices)
}

/// Ends every session of the owner that lives all the while.
pub(super) async fn revoke(
    slots: &impl Slots,
    owner: &str,
    which: Revoke<'_>,
) -> Result<usize, StoreError> {
    let visits = visit(slots, owner, |key, confirmed| Ask::Finish {
        key,
        led_by: None,
        which: Which::Of(owner, which),
        confirmed,
    });
    let mut ended = visits.await?;
    ended.retain(|(_, answer)| matches!(answer, Answer::Ended(_)));
    let keys: Vec<_> = ended.into_iter().map(|(key, _)| key).collect();
    if !keys.is_empty() {
        let keys = &keys;
        // They are dead; that they are still listed does no harm.
        let _ = slots.ask(Ask::Unlist { owner, keys }).await;
    }
    Ok(keys.len())
}

/// Asks for every session that the owner's index lists, and for those that were moved meanwhile.
async fn visit<'a, A>(
    slots: &impl Slots,
    owner: &str,
    ask: A,
) -> Result<Vec<(Key, Answer)>, StoreError>
where
    A: Fn(Key, Option<Revision>) -> Ask<'a> + Sync,
{
    let mut seen = HashSet::new();
    let mut met = Vec::new();
    loop {
        let Answer::Keys(mut keys) = slots.ask(Ask::Listed { owner }).await? else {
            return Ok(met);
        };
        keys.retain(|key| seen.insert(*key));
        if keys.is_empty() {
            return Ok(met);
        }
        let answers = keys.iter().map(|key| meet(slots, *key, &ask));
        met.extend(try_join_all(answers).await?);
    }
}

async fn meet<'a, A>(slots: &impl Slots, key: Key, ask: &A) -> Result<(Key, Answer), StoreError>
where
    A: Fn(Key, Option<Revision>) -> Ask<'a> + Sync,
{
    let answer = settled(slots, |confirmed| ask(key, confirmed)).await?;
    let Answer::Pending(from, _) = answer else {
        return Ok((key, answer));
    };
    // It is on its way here: so it is there still, or has arrived when we look again.
    let answer = settled(slots, |confirmed| ask(from, confirmed)).await?;
    if let Answer::Nothing | Answer::Moved(_) = answer {
        let answer = settled(slots, |confirmed| ask(key, confirmed)).await?;
        return Ok((key, answer));
    }
    Ok((from, answer))
}
