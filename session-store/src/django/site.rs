use std::borrow::Cow;
use std::fmt;
#[cfg(feature = "redis")]
use std::sync::Arc;

use async_trait::async_trait;
use session_core::django::{Signer, from_strict, to_strict};
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record,
    Revision, Store, StoreError, StoreFacts, ValueRule, Whose,
};

#[cfg(feature = "redis")]
use super::cache::Cache;
use super::contents::{self, Contents};
use super::form::Form;
use super::renames::Renames;
use super::table::{Change, Row, Table};
use crate::estimate::{SAMPLE, from_smallest, place_of_text};
use crate::upkeep::Swept;

/// A Django site's sessions: its table, its keys, and how it writes moments.
///
/// A write reads the row, builds on it and replaces it if it is still the same; no lock is held in
/// between. If the row was only signed again meanwhile, that is repeated.
pub(crate) struct Site {
    pub(crate) table: Box<dyn Table>,
    pub(crate) signer: Signer,
    pub(super) renames: Renames,
    #[cfg(feature = "redis")]
    pub(super) cache: Option<Arc<Cache>>,
}

/// A row that could be read.
pub(super) struct Read {
    /// Strict JSON.
    json: String,
    signed: Moment,
    ends: Moment,
    /// When it was read.
    now: Moment,
}

impl Read {
    /// `None` only if the JSON is no object, which has been checked.
    pub(super) fn contents(&self, form: &Form) -> Option<Contents<'_>> {
        Contents::parse(&self.json, (self.signed, self.ends), form, self.now)
    }
}

/// What a command makes of a row.
enum Next {
    End,
    Is(Row),
}

impl Site {
    /// Reads a row; `None` if that can't be done, with a warning without values.
    pub(super) fn read(&self, row: &Row, now: Moment) -> Option<Read> {
        let warn = |reason: &dyn fmt::Display| {
            let table = &self.table;
            tracing::warn!(?table, %reason, "a session's row can't be read and is treated as absent");
        };
        let Some(ends) = self.table.form().moment(&row.ends, now) else {
            warn(&"its expire_date is no moment of the years 1 to 9999");
            return None;
        };
        match self.signer.open(&row.token) {
            Ok(opened) => {
                let signed = opened.signed_at().into();
                let strict = match to_strict(&opened.json) {
                    Cow::Borrowed(_) => None,
                    Cow::Owned(strict) => Some(strict),
                };
                Some(Read {
                    json: strict.unwrap_or(opened.json),
                    signed,
                    ends,
                    now,
                })
            }
            Err(error) => {
                warn(&error);
                None
            }
        }
    }

    async fn within<T>(
        &self,
        doing: &str,
        calls: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let answer = tokio::time::timeout(self.table.limit(), calls).await;
        answer.unwrap_or_else(|_| Err(self.table.too_slow(doing)))
    }

    async fn insert(&self, key: &str, record: &Record, now: Moment) -> Result<Outcome, StoreError> {
        // A sign-in has left it, so it is nowhere.
        if record.closed {
            return Ok(Outcome::Applied);
        }
        let row = &self.row(None, record, record.expires)?;
        let inserted = self.table.change(Change::Insert { key, row }).await?;
        let is_ours = inserted.is_done
            || (inserted.is_repeated && self.revision(key, now).await? == Some(record.revision));
        Ok(outcome(is_ours))
    }

    /// Replaces a record if it has the revision, and puts the new one under the key `to`.
    async fn replace(
        &self,
        (key, to): (&str, &str),
        expected: Revision,
        record: &Record,
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        let is_over = record.closed || record.expires <= now;
        let next = |old: &Contents<'_>| {
            if is_over {
                return Ok(Next::End);
            }
            let expires = if key == to {
                old.end(record)
            } else {
                if old.goes_on_as(record) {
                    self.renames.note(key, to, now);
                }
                record.expires
            };
            self.row(Some(old), record, expires).map(Next::Is)
        };
        let written = Some(record.revision).filter(|_| !is_over);
        self.change((key, to), (expected, written), now, next).await
    }

    async fn touch(
        &self,
        key: &str,
        expected: Revision,
        (seen, until): (Moment, Moment),
        now: Moment,
    ) -> Result<Outcome, StoreError> {
        let next = |old: &Contents<'_>| {
            let (json, seen, expires) = old.touched(seen, until);
            Ok(Next::Is(Row {
                token: self.signer.sign(&from_strict(&json), seen.into()),
                ends: self.table.form().column(expires),
            }))
        };
        self.change((key, key), (expected, None), now, next).await
    }

    /// Changes a row that has a revision, as often as it is only signed again meanwhile.
    ///
    /// `written` is the revision by which a change of ours is recognised.
    async fn change(
        &self,
        (key, to): (&str, &str),
        (expected, written): (Revision, Option<Revision>),
        now: Moment,
        next: impl Fn(&Contents<'_>) -> Result<Next, StoreError> + Send,
    ) -> Result<Outcome, StoreError> {
        let mut is_repeated = false;
        for _ in 0..TRIES {
            let Some(old) = self.table.find(key).await? else {
                return self.gone(is_repeated, to, (written, now)).await;
            };
            let Some(read) = self.read(&old, now) else {
                return Ok(Outcome::Refused);
            };
            let Some(contents) = read.contents(self.table.form()) else {
                return Ok(Outcome::Refused);
            };
            if contents.revision() != expected {
                let is_ours = Some(contents.revision()) == written;
                return if is_repeated && !is_ours {
                    Err(unknown())
                } else {
                    Ok(outcome(is_repeated))
                };
            }
            if contents.expires() <= now {
                return Ok(Outcome::Refused);
            }
            let (old, new) = (&old, next(&contents)?);
            let changed = self.table.change(match &new {
                Next::End => Change::Take { key, old },
                Next::Is(new) if key == to => Change::Swap { key, old, new },
                Next::Is(new) => Change::Move { key, to, old, new },
            });
            let changed = changed.await?;
            if changed.is_done {
                return Ok(Outcome::Applied);
            }
            is_repeated |= changed.is_repeated;
            if key != to && !is_repeated && self.table.find(to).await?.is_some() {
                // The new key is taken.
                return Ok(Outcome::Refused);
            }
        }
        Ok(Outcome::Refused)
    }

    /// The outcome of a change that finds no row, perhaps because of an earlier attempt at it.
    async fn gone(
        &self,
        is_repeated: bool,
        to: &str,
        (written, now): (Option<Revision>, Moment),
    ) -> Result<Outcome, StoreError> {
        if !is_repeated {
            return Ok(Outcome::Refused);
        }
        match written {
            Some(written) => Ok(outcome(self.revision(to, now).await? == Some(written))),
            // Somebody has ended the session: we or another.
            None => Err(unknown()),
        }
    }

    async fn revision(&self, key: &str, now: Moment) -> Result<Option<Revision>, StoreError> {
        let row = self.table.find(key).await?;
        let read = row.and_then(|row| self.read(&row, now));
        let contents = read
            .as_ref()
            .and_then(|read| read.contents(self.table.form()));
        Ok(contents.map(|contents| contents.revision()))
    }

    fn row(
        &self,
        old: Option<&Contents<'_>>,
        record: &Record,
        expires: Moment,
    ) -> Result<Row, StoreError> {
        let json = contents::written(old, record, expires, self.table.form());
        let json = json.map_err(|reason| contents::unwritable(&reason))?;
        Ok(Row {
            // The second in which it was seen, so that a later one is Django's.
            token: self.signer.sign(&from_strict(&json), record.seen.into()),
            ends: self.table.form().column(expires),
        })
    }
}

#[async_trait]
impl Store for Site {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let row = self.table.find(plain(key)?).await?;
        let read = row.and_then(|row| self.read(&row, now));
        Ok(read.and_then(|read| Some(read.contents(self.table.form())?.record(*secret))))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let key = plain(command.key())?;
        #[cfg(feature = "redis")]
        let changing = self.cache.as_ref().map(|cache| match command {
            // No entry has the new key yet.
            Command::Insert { .. } => cache.changing(&[]),
            _ => cache.changing(&[key]),
        });
        let written = async {
            match command {
                Command::Insert { record, .. } => self.insert(key, record, now).await,
                Command::Replace {
                    expected, record, ..
                } => self.replace((key, key), expected, record, now).await,
                Command::Move {
                    to,
                    expected,
                    record,
                    ..
                } => {
                    let to = plain(to)?;
                    self.replace((key, to), expected, record, now).await
                }
                Command::Touch {
                    expected,
                    seen,
                    expires,
                    ..
                } => self.touch(key, expected, (seen, expires), now).await,
                Command::Delete { only, .. } => self.delete(key, only, now).await,
            }
        };
        let outcome = self.within("write a session to", written).await;
        #[cfg(feature = "redis")]
        match (changing, &outcome) {
            (Some(changing), Ok(Outcome::Refused)) => changing.refused(),
            (Some(changing), _) => changing.made().await,
            (None, _) => {}
        }
        outcome
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.table.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.list(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.end(whose, now).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.batch(from, limit, now).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        let limit = i64::try_from(SAMPLE).unwrap_or(i64::MAX);
        let keys = self.table.smallest(limit).await?;
        let last = keys.last().map_or("", String::as_str);
        Ok(Some(from_smallest(keys.len(), place_of_text(last))))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.table.check().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        let mut facts = StoreFacts::of(format!("a Django site's table in {:?}", self.table));
        facts.outlives_process = Some(true);
        facts.time = self.table.time().await?;
        Ok(facts)
    }

    fn value_rule(&self) -> ValueRule {
        contents::RULE
    }

    fn id_form(&self) -> IdForm {
        IdForm::Plain
    }
}

impl Swept for Site {
    async fn time(&self) -> Result<Option<Moment>, StoreError> {
        self.table.time().await
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table.fmt(f)
    }
}

/// Returns the key of the table's row.
fn plain(key: &Key) -> Result<&str, StoreError> {
    key.plain().ok_or_else(|| {
        StoreError::new("Django's table needs a policy of plain ids, such as Policy::django")
    })
}

fn outcome(is_applied: bool) -> Outcome {
    if is_applied {
        Outcome::Applied
    } else {
        Outcome::Refused
    }
}

fn unknown() -> StoreError {
    StoreError::new(
        "can't tell whether a session was written: the answer was lost, and another write came after it",
    )
}

/// How often a change is made to a row that others sign again meanwhile.
///
/// A site with `SESSION_SAVE_EVERY_REQUEST` does so at each request of the visitor's.
const TRIES: u32 = 16;
