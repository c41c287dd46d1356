use session_core::{Command, Outcome, Store, StoreError};
use time::OffsetDateTime;

/// Whether a statement was run again after its connection had broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    Once,
    Again,
}

/// Says what became of a command, from how many rows it has changed.
///
/// A session may have begun the first time and be in its own way the second time. Its id was drawn a
/// moment ago and no browser knows it yet, so the same revision under its key is its own.
pub(crate) async fn outcome(
    (count, tried): (usize, Tried),
    store: &impl Store,
    command: Command<'_>,
    now: OffsetDateTime,
) -> Result<Outcome, StoreError> {
    match command {
        _ if count > 0 => Ok(Outcome::Applied),
        Command::Insert { key, record } if tried == Tried::Again => {
            let found = store.load(key, now).await?;
            let is_own = found.is_some_and(|found| found.record().revision == record.revision);
            Ok(if is_own {
                Outcome::Applied
            } else {
                Outcome::Refused
            })
        }
        _ => Ok(Outcome::Refused),
    }
}
