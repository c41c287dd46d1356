use session_core::{Command, Outcome, Revision, StoreError, to_micros};

/// Whether a statement ran once, or again after its connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Again,
    First,
}

/// Determines a command's outcome from the number of rows that it matched.
///
/// A second attempt that matched none may follow a first one that was applied: the random revision
/// of the stored row, `found`, tells. If it can't tell, that is an error, because the core would
/// replay changes that the row may already have.
pub(crate) async fn outcome(
    (matched, attempt): (usize, Attempt),
    command: Command<'_>,
    now: i64,
    found: impl Future<Output = Result<Option<Revision>, StoreError>>,
) -> Result<Outcome, StoreError> {
    if matched > 0 {
        return Ok(Outcome::Applied);
    }
    let (record, expected) = match command {
        // A delete is always applied, also without a row.
        Command::Delete { .. } => return Ok(Outcome::Applied),
        Command::Touch { .. } => return Ok(Outcome::Refused),
        Command::Insert { record, .. } => (record, None),
        Command::Replace {
            record, expected, ..
        }
        | Command::Move {
            record, expected, ..
        } => (record, Some(expected)),
    };
    if attempt == Attempt::First {
        return Ok(Outcome::Refused);
    }
    let found = found.await?;
    if found == Some(record.revision) {
        return Ok(Outcome::Applied);
    }
    let is_refused = match (expected, found) {
        // Another session has the key, or ours has ended since.
        (None, _) => true,
        // The row exists, so this command did not remove it.
        (Some(_), found) if to_micros(record.expires) <= now => found.is_some(),
        // The row is gone, or was over already.
        (Some(expected), found) => found.is_none_or(|found| found == expected),
    };
    if is_refused {
        return Ok(Outcome::Refused);
    }
    Err(StoreError::new(
        "can't tell whether a session was written: the answer was lost, and another write came after it",
    ))
}

#[cfg(test)]
mod tests {
    use session_core::Store as _;
    use session_testkit::{ModelStore, changed, digest_of, key_of, moment_at, record_of};

    use super::*;

    const NOW: i64 = 10;

    /// Another client's write after the first attempt, or instead of it.
    #[derive(Debug, Clone, Copy)]
    enum Then {
        Delete,
        Nothing,
        Write,
    }

    /// Sends a command twice, the first time perhaps without effect, and returns the outcome.
    async fn repeated(command: Command<'_>, is_done: bool, then: Then) -> Option<Outcome> {
        let (store, now, key) = (ModelStore::new(), moment_at(NOW), &key_of(1));
        let find = async || {
            let record = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
            record.map(|record| record.revision)
        };
        if matches!(command, Command::Replace { .. }) {
            let record = &record_of(1);
            let begin = Command::Insert { key, record };
            store.write(begin, now).await.unwrap();
        }
        if is_done {
            let done = store.write(command, now).await.unwrap();
            assert_eq!(done, Outcome::Applied);
        }
        if let (Then::Write, Some(expected)) = (then, find().await) {
            let record = &record_of(7);
            let others = Command::Replace {
                key,
                expected,
                record,
            };
            store.write(others, now).await.unwrap();
        }
        if matches!(then, Then::Delete) {
            let only = session_core::Only::Always;
            let others = Command::Delete { key, only };
            store.write(others, now).await.unwrap();
        }
        let applied = store.write(command, now).await.unwrap() == Outcome::Applied;
        let done = (applied.into(), Attempt::Again);
        let found = async { Ok(find().await) };
        outcome(done, command, to_micros(now), found).await.ok()
    }

    #[tokio::test]
    async fn a_repeated_command_was_done_once_or_not_at_all_or_that_is_unknown() {
        const APPLIED: Option<Outcome> = Some(Outcome::Applied);
        const REFUSED: Option<Outcome> = Some(Outcome::Refused);
        const UNKNOWN: Option<Outcome> = None;
        let key = &key_of(1);
        let live = &record_of(2);
        let over = &changed!(record_of(2), expires = moment_at(NOW));
        let insert = Command::Insert { key, record: live };
        let [replace, end] = [live, over].map(|record| Command::Replace {
            key,
            expected: Revision::from_i64(1),
            record,
        });
        for (command, is_done, then, said) in [
            (insert, true, Then::Nothing, APPLIED),
            (insert, true, Then::Write, REFUSED),
            (insert, false, Then::Nothing, APPLIED),
            (replace, true, Then::Nothing, APPLIED),
            (replace, true, Then::Write, UNKNOWN),
            (replace, true, Then::Delete, REFUSED),
            (replace, false, Then::Nothing, APPLIED),
            (replace, false, Then::Write, UNKNOWN),
            (replace, false, Then::Delete, REFUSED),
            (end, true, Then::Nothing, UNKNOWN),
            (end, false, Then::Nothing, APPLIED),
            (end, false, Then::Write, REFUSED),
            (end, false, Then::Delete, UNKNOWN),
        ] {
            let outcome = repeated(command, is_done, then).await;
            assert_eq!(outcome, said, "{command:?}, {is_done}, {then:?}");
        }
    }

    #[tokio::test]
    async fn a_replace_of_a_record_that_was_over_is_refused() {
        let (key, record) = (&key_of(1), &record_of(2));
        let expected = Revision::from_i64(1);
        let replace = Command::Replace {
            key,
            expected,
            record,
        };
        let found = async { Ok(Some(expected)) };
        let now = to_micros(moment_at(NOW));
        let said = outcome((0, Attempt::Again), replace, now, found).await;
        assert_eq!(said.unwrap(), Outcome::Refused);
    }

    #[tokio::test]
    async fn a_first_attempt_is_believed() {
        let (key, record) = (&key_of(1), &record_of(2));
        let insert = Command::Insert { key, record };
        let found = async { panic!("it was asked") };
        let said = outcome((0, Attempt::First), insert, 0, found).await;
        assert_eq!(said.unwrap(), Outcome::Refused);
    }
}
