//! What a command does step by step where no script sees all keys. PROTOCOL.md has the laws.

use session_core::{Command, Found, Key, Outcome, Record, Revision, StoreError};
use time::OffsetDateTime;

use super::ask::{Answer, Ask, Slots, Which};
use super::journey::Journey;

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

/// Asks until the answer does not depend on a move whose end is unknown.
///
/// Pending stays only if the move was under way, and not committed, at one moment of this call.
pub(super) async fn settled<'a>(
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

/// Has the owner's index list a session that is to be, and returns until when it does.
pub(super) async fn list(
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
pub(super) fn ahead(expires: OffsetDateTime, now: OffsetDateTime) -> OffsetDateTime {
    expires.saturating_add((expires - now) / 2)
}

fn outcome(answer: &Answer) -> Outcome {
    if *answer == Answer::Done {
        Outcome::Applied
    } else {
        Outcome::Refused
    }
}
