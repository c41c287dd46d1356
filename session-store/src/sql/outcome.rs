use session_core::{Command, Found, Key, Outcome, Revision, Store, StoreError};
use time::OffsetDateTime;

/// Whether a statement was run again after its connection had broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    Once,
    Again,
}

/// Says what became of a command, from how many rows it has changed.
///
/// What is refused the second time may have been done the first time: the random revision tells. If others
/// have written since, nothing does, and it is an error: the core would replay on top what may be
/// in there already.
pub(crate) async fn outcome(
    (count, tried): (usize, Tried),
    store: &impl Store,
    command: Command<'_>,
    now: OffsetDateTime,
) -> Result<Outcome, StoreError> {
    if count > 0 {
        return Ok(Outcome::Applied);
    }
    let (before, after, revision) = match command {
        Command::Insert { key, record } => (key, key, record.revision),
        Command::Replace {
            key, with, record, ..
        } => (key, with, record.revision),
        Command::Touch { .. } | Command::Delete { .. } => return Ok(Outcome::Refused),
    };
    if tried == Tried::Once {
        return Ok(Outcome::Refused);
    }
    match is_own(store, (before, after), revision, now).await? {
        Some(true) => Ok(Outcome::Applied),
        None => Ok(Outcome::Refused),
        // Two ids of 160 random bits are equal.
        Some(false) if matches!(command, Command::Insert { .. }) => Ok(Outcome::Refused),
        Some(false) => Err(StoreError::new(
            "can't tell whether a session was written: the answer was lost, and others have \
             written since",
        )),
    }
}

/// Says whether what lives there is in the state of that revision; none if nothing does.
async fn is_own(
    store: &impl Store,
    (before, after): (&Key, &Key),
    revision: Revision,
    now: OffsetDateTime,
) -> Result<Option<bool>, StoreError> {
    let mut found: Option<Found> = store.load(after, now).await?;
    if found.is_none() && before != after {
        found = store.load(before, now).await?;
    }
    Ok(found.map(|found| found.record().revision == revision))
}

#[cfg(test)]
mod tests {
    use session_testkit::{ModelStore, key_of, moment_at, record_of};

    use super::*;

    /// What another one did after the first try.
    #[derive(Debug, Clone, Copy)]
    enum Then {
        Nothing,
        Write,
        Delete,
    }

    /// Sends a command twice, the first time perhaps in vain, and returns what is said of it.
    async fn repeated(
        (command, is_done): (Command<'_>, bool),
        then: Then,
    ) -> Result<Outcome, StoreError> {
        let (store, now) = (ModelStore::new(), moment_at(0));
        let record = &record_of(1);
        let at = match command {
            Command::Replace { key, with, .. } => {
                let begin = Command::Insert { key, record };
                store.write(begin, now).await.unwrap();
                if is_done { with } else { key }
            }
            _ => &key_of(1),
        };
        if is_done {
            store.write(command, now).await.unwrap();
        }
        if let Some(found) = store.load(at, now).await.unwrap() {
            let others = match then {
                Then::Nothing => None,
                Then::Write => Some(Command::Replace {
                    key: at,
                    expected: found.record().revision,
                    with: at,
                    record: &record_of(7),
                    remembered: now,
                }),
                Then::Delete => Some(Command::Delete { key: at }),
            };
            if let Some(others) = others {
                store.write(others, now).await.unwrap();
            }
        }
        let applied = store.write(command, now).await.unwrap() == Outcome::Applied;
        outcome((applied.into(), Tried::Again), &store, command, now).await
    }

    #[tokio::test]
    async fn what_was_tried_twice_was_done_once_or_not_or_nobody_knows() {
        let (old, new, record) = (&key_of(1), &key_of(2), &record_of(2));
        // What is built on the first record.
        let replace = |with| Command::Replace {
            key: old,
            expected: Revision::from_i64(1),
            with,
            record,
            remembered: moment_at(10),
        };
        let insert = Command::Insert { key: old, record };
        for command in [insert, replace(old), replace(new)] {
            for is_done in [true, false] {
                let said = repeated((command, is_done), Then::Nothing).await;
                assert_eq!(said.unwrap(), Outcome::Applied, "{command:?}, {is_done}");
            }
        }
        for command in [replace(old), replace(new)] {
            for is_done in [true, false] {
                let said = repeated((command, is_done), Then::Write).await;
                assert!(said.is_err(), "{command:?}, {is_done}");
                let said = repeated((command, is_done), Then::Delete).await;
                assert_eq!(said.unwrap(), Outcome::Refused, "{command:?}, {is_done}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_tried_once_is_not_asked_for() {
        let (store, now) = (ModelStore::new(), moment_at(0));
        let (key, record) = (&key_of(1), &record_of(2));
        let insert = Command::Insert { key, record };
        store.write(insert, now).await.unwrap();
        let said = outcome((0, Tried::Once), &store, insert, now).await;
        assert_eq!(said.unwrap(), Outcome::Refused);
    }
}
