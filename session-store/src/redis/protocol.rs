//! What a command does step by step where no script sees all keys. PROTOCOL.md has the laws.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use futures_util::future::try_join_all;
use session_core::{Command, Device, Found, Key, Outcome, Record, Revision, Revoke, StoreError};
use time::OffsetDateTime;

use super::ask::{Answer, Ask, Slots, Which};

pub(super) async fn load(slots: &impl Slots, key: Key) -> Result<Option<Found>, StoreError> {
    let load = |key, led_by| {
        move |confirmed| Ask::Load {
            key,
            led_by,
            confirmed,
        }
    };
    let found = match settled(slots, load(key, None)).await? {
        Answer::Here(record) => Some(Found::Here(*record)),
        Answer::Moved(to) => match settled(slots, load(to, Some(key))).await? {
            Answer::Here(record) => Some(Found::Moved {
                to,
                record: *record,
            }),
            _ => None,
        },
        _ => None,
    };
    Ok(found)
}

pub(super) async fn write(slots: &impl Slots, command: Command<'_>) -> Result<Outcome, StoreError> {
    match command {
        Command::Insert { key, record } => insert(slots, *key, record).await,
        Command::Replace {
            key,
            expected,
            with,
            record,
            ..
        } if key == with => replace(slots, *key, expected, record).await,
        Command::Replace {
            key,
            expected,
            with,
            record,
            remembered,
        } => {
            let journey = Journey {
                key: *key,
                expected,
                with: *with,
                record,
                remembered,
            };
            journey.go(slots).await
        }
        Command::Touch {
            key,
            expected,
            seen,
            expires,
        } => touch(slots, *key, expected, (seen, expires)).await,
        Command::Delete { key } => delete(slots, *key).await,
    }
}

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

async fn insert(slots: &impl Slots, key: Key, record: &Record) -> Result<Outcome, StoreError> {
    let listed = list(slots, key, record).await?;
    let insert = Ask::Insert {
        key,
        record,
        listed,
    };
    // If it is refused the index keeps what may be somebody else's listing, for a while.
    Ok(outcome(&slots.ask(insert).await?))
}

async fn replace(
    slots: &impl Slots,
    key: Key,
    expected: Revision,
    record: &Record,
) -> Result<Outcome, StoreError> {
    let replace = |listed| {
        move |confirmed| Ask::Replace {
            key,
            expected,
            record,
            listed,
            confirmed,
        }
    };
    let mut answer = settled(slots, replace(None)).await?;
    if let Answer::Unlisted(_) = answer {
        let listed = list(slots, key, record).await?;
        answer = settled(slots, replace(listed)).await?;
    }
    Ok(outcome(&answer))
}

async fn touch(
    slots: &impl Slots,
    key: Key,
    expected: Revision,
    (seen, expires): (OffsetDateTime, OffsetDateTime),
) -> Result<Outcome, StoreError> {
    let touch = |listed| {
        move |confirmed| Ask::Touch {
            key,
            expected,
            seen,
            expires,
            listed,
            confirmed,
        }
    };
    let mut answer = settled(slots, touch(None)).await?;
    if let Answer::Unlisted(owner) = answer {
        let until = ahead(expires, slots.now());
        let owner = &*owner;
        slots.ask(Ask::List { owner, key, until }).await?;
        answer = settled(slots, touch(Some(until))).await?;
    }
    Ok(outcome(&answer))
}

async fn delete(slots: &impl Slots, key: Key) -> Result<Outcome, StoreError> {
    let finish = |key, led_by| {
        move |confirmed| Ask::Finish {
            key,
            led_by,
            which: Which::Any,
            confirmed,
        }
    };
    let mut at = key;
    let mut answer = settled(slots, finish(key, None)).await?;
    if let Answer::Moved(to) = answer {
        at = to;
        answer = settled(slots, finish(to, Some(key))).await?;
    }
    if let Answer::Ended(Some(owner)) = answer {
        let (owner, keys) = (&*owner, &[at]);
        let _ = slots.ask(Ask::Unlist { owner, keys }).await;
    }
    Ok(Outcome::Applied)
}

/// A session that goes from one key to another.
struct Journey<'a> {
    key: Key,
    expected: Revision,
    with: Key,
    record: &'a Record,
    remembered: OffsetDateTime,
}

impl Journey<'_> {
    async fn go(&self, slots: &impl Slots) -> Result<Outcome, StoreError> {
        let Self {
            key,
            with,
            record,
            remembered,
            ..
        } = *self;
        let prepare = Ask::Prepare {
            key: with,
            from: key,
            record,
            remembered,
            listed: self.owner().map(|_| ahead(record.expires, slots.now())),
        };
        if slots.ask(prepare).await? != Answer::Done {
            return Ok(Outcome::Refused);
        }
        // Only now: who finds the session listed also finds where it comes from.
        if let Err(error) = list(slots, with, record).await {
            let _ = self.abort(slots).await;
            return Err(error);
        }
        let commit = |confirmed| Ask::Commit {
            key,
            expected: self.expected,
            with,
            record,
            remembered,
            confirmed,
        };
        // If the answer is lost nothing may be cleared away: the session may have moved.
        let Answer::Ended(owner) = settled(slots, commit).await? else {
            let _ = self.abort(slots).await;
            return Ok(Outcome::Refused);
        };
        // It has moved. What is left to do is done by whoever loads it, if not by us.
        let _ = self.arrive(slots, owner.as_deref()).await;
        Ok(Outcome::Applied)
    }

    async fn arrive(&self, slots: &impl Slots, before: Option<&str>) -> Result<(), StoreError> {
        let revision = self.record.revision;
        let confirm = Ask::Load {
            key: self.with,
            led_by: None,
            confirmed: Some(revision),
        };
        slots.ask(confirm).await?;
        let key = self.key;
        slots.ask(Ask::Settle { key, revision }).await?;
        if let Some(owner) = before {
            let keys = &[key];
            slots.ask(Ask::Unlist { owner, keys }).await?;
        }
        Ok(())
    }

    /// Clears up after a commit that was refused, or never asked for.
    ///
    /// The index first: once nothing is prepared any more, the key may be another's.
    async fn abort(&self, slots: &impl Slots) -> Result<(), StoreError> {
        if let Some(owner) = self.owner() {
            let keys = &[self.with];
            slots.ask(Ask::Unlist { owner, keys }).await?;
        }
        let (key, revision) = (self.with, self.record.revision);
        slots.ask(Ask::Abort { key, revision }).await?;
        Ok(())
    }

    fn owner(&self) -> Option<&str> {
        self.record.owner.as_deref()
    }
}

/// Asks until the answer does not depend on a move whose end is unknown.
///
/// Pending stays only if the move was under way, and not committed, at one moment of this call.
async fn settled<'a>(
    slots: &impl Slots,
    ask: impl Fn(Option<Revision>) -> Ask<'a>,
) -> Result<Answer, StoreError> {
    let mut undecided = None;
    let mut confirmed = None;
    loop {
        let answer = slots.ask(ask(confirmed)).await?;
        if let Some(Answer::Pending(key, revision)) = undecided
            && confirmed == Some(revision)
        {
            // It is not pending any more, so the note has served.
            let _ = slots.ask(Ask::Settle { key, revision }).await;
        }
        let Answer::Pending(key, revision) = answer else {
            return Ok(answer);
        };
        if undecided == Some(answer.clone()) {
            return Ok(answer);
        }
        let note = slots.ask(Ask::Committed { key, revision }).await?;
        confirmed = (note == Answer::Done).then_some(revision);
        // Without a note it was not committed, unless it has been settled meanwhile: look again.
        undecided = Some(answer);
    }
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

/// Has the owner's index list a session that is to be, and returns until when it does.
async fn list(
    slots: &impl Slots,
    key: Key,
    record: &Record,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let Some(owner) = record.owner.as_deref() else {
        return Ok(None);
    };
    let until = ahead(record.expires, slots.now());
    slots.ask(Ask::List { owner, key, until }).await?;
    Ok(Some(until))
}

/// Looks ahead of an end by half of what is left, so that not every renewal costs a listing.
fn ahead(expires: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    expires.saturating_add((expires - now) / 2)
}

fn outcome(answer: &Answer) -> Outcome {
    if *answer == Answer::Done {
        Outcome::Applied
    } else {
        Outcome::Refused
    }
}
