use crate::{Command, Moment, Only, Record, StoreError};

/// What a [`Command`] does to the record under its key, for a store that has that record before it.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "a store handles each case")]
#[allow(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum Effect {
    /// This record is kept under the key. The command is applied.
    Keep(Record),
    /// What is under the key is removed. The command is applied.
    Remove,
    /// Nothing changes, and the command is applied.
    Nothing,
    /// Nothing changes, and the command is refused.
    Refused,
}

impl Command<'_> {
    /// Says what the command does to the record that is under its key now, for a store that reads and writes in one
    /// step: behind a lock, or in a transaction.
    ///
    /// A store that can state the condition in its write, as SQL does in a `WHERE`, needs no read.
    ///
    /// ```
    /// use session_core::time::Duration;
    /// use session_core::{Command, Digest, Effect, Key, Moment, Record, Revision};
    ///
    /// let (key, now) = (Key::from_bytes(&[7; 16]).unwrap(), Moment::UNIX_EPOCH);
    /// let secret = Digest::from_bytes(&[7; 16]).unwrap();
    /// let record = Record::new(Revision::from_i64(1), secret, now, now + Duration::HOUR);
    /// let insert = Command::Insert { key: &key, record: &record };
    /// assert_eq!(insert.effect(None, now)?, Effect::Keep(record.clone()));
    /// assert_eq!(insert.effect(Some(&record), now)?, Effect::Refused);
    /// # Ok::<(), session_core::StoreError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The command is a [`Move`](Command::Move), which is about two keys: [`StoreError::keys_stay`].
    pub fn effect(&self, present: Option<&Record>, now: Moment) -> Result<Effect, StoreError> {
        let live = present.filter(|record| record.expires > now);
        let is = |expected| live.filter(|record| record.revision == expected);
        Ok(match *self {
            Self::Insert { record, .. } if live.is_none() => Effect::Keep(record.clone()),
            Self::Replace {
                expected, record, ..
            } if is(expected).is_some() => {
                if record.expires > now {
                    Effect::Keep(record.clone())
                } else {
                    Effect::Remove
                }
            }
            Self::Touch {
                expected,
                seen,
                expires,
                ..
            } => is(expected).map_or(Effect::Refused, |record| {
                let mut record = record.clone();
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
                Effect::Keep(record)
            }),
            Self::Delete { only, .. } => {
                let ends = present.is_some_and(|record| match only {
                    Only::Always => true,
                    Only::Opened(digest) => record.secrets.include(digest),
                    Only::Over(moment) => record.expires <= moment,
                });
                if ends {
                    Effect::Remove
                } else {
                    Effect::Nothing
                }
            }
            Self::Insert { .. } | Self::Replace { .. } => Effect::Refused,
            Self::Move { .. } => return Err(StoreError::keys_stay()),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::{Digest, Key, Revision};

    fn record(revision: i64, seconds: i64) -> Record {
        let (start, digest) = (Moment::UNIX_EPOCH, Digest::from_bytes(&[1; 16]).unwrap());
        let end = start + Duration::seconds(seconds);
        Record::new(Revision::from_i64(revision), digest, start, end)
    }

    #[test]
    fn a_command_has_effect_if_its_condition_holds() {
        let key = Key::new([7; 16]);
        let now = Moment::UNIX_EPOCH + Duration::seconds(10);
        let later = now + Duration::seconds(10);
        let (live, over, next, end) = (record(1, 15), record(1, 10), record(2, 30), record(2, 10));
        let expected = live.revision;
        let touched = Record {
            seen: now,
            expires: later,
            ..live.clone()
        };
        let insert = Command::Insert {
            key: &key,
            record: &next,
        };
        let replace = |record| Command::Replace {
            key: &key,
            expected,
            record,
        };
        let touch = |seen, expires| Command::Touch {
            key: &key,
            expected,
            seen,
            expires,
        };
        let delete = |only| Command::Delete { key: &key, only };
        let other = Digest::from_bytes(&[2; 16]).unwrap();
        let keep = |record: &Record| Effect::Keep(record.clone());
        for (command, present, effect) in [
            (insert, None, keep(&next)),
            (insert, Some(&over), keep(&next)),
            (insert, Some(&live), Effect::Refused),
            (replace(&next), Some(&live), keep(&next)),
            (replace(&end), Some(&live), Effect::Remove),
            (replace(&next), Some(&next), Effect::Refused),
            (replace(&next), Some(&over), Effect::Refused),
            (replace(&next), None, Effect::Refused),
            (touch(now, later), Some(&live), keep(&touched)),
            (touch(live.seen, now), Some(&live), keep(&live)),
            (touch(now, later), Some(&next), Effect::Refused),
            (touch(now, later), Some(&over), Effect::Refused),
            (delete(Only::Always), Some(&over), Effect::Remove),
            (delete(Only::Always), None, Effect::Nothing),
            (
                delete(Only::Opened(&live.secrets.present)),
                Some(&live),
                Effect::Remove,
            ),
            (delete(Only::Opened(&other)), Some(&live), Effect::Nothing),
            (delete(Only::Over(now)), Some(&over), Effect::Remove),
            (delete(Only::Over(now)), Some(&live), Effect::Nothing),
        ] {
            assert_eq!(command.effect(present, now).unwrap(), effect, "{command:?}");
        }
        let moved = Command::Move {
            key: &key,
            to: &key,
            expected,
            record: &next,
        };
        assert!(moved.effect(Some(&live), now).is_err());
    }
}
