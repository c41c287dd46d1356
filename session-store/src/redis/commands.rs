//! The commands on one session, each on one slot. PROTOCOL.md has the laws.

use std::sync::Arc;

use redis::{Value, cmd};
use session_core::{Command, Key, Moment, Only, Outcome, Record, Revision};

use super::call::{Attempt, Call};
use super::failure::Failure;
use super::owner_index::Name;
use super::row;
use super::scripts::Script;

/// A script's answer.
enum Answer {
    Done,
    /// The record does not exist or is over.
    Gone,
    /// The record has another revision.
    Changed,
    /// The record has this command's own new revision.
    Own,
    /// Nothing was done: first the index of this owner has to list the session, as created then.
    Unlisted(Arc<str>, Moment),
    /// The record was removed.
    Ended(Ended),
}

/// The parts of a removed record that could be read.
pub(super) struct Ended {
    owner: Option<Arc<str>>,
    expires: Option<Moment>,
    closed: bool,
}

impl Ended {
    /// Says whether the owner's list showed the session.
    pub(super) fn was_listed(&self, now: Moment) -> bool {
        self.expires.is_some_and(|expires| expires > now) && !self.closed
    }
}

impl Call<'_> {
    pub(super) async fn load(&self, key: &Key) -> Result<Option<Record>, Failure> {
        self.record(key).await
    }

    pub(super) async fn write(&self, command: Command<'_>) -> Result<Outcome, Failure> {
        match command {
            Command::Insert { key, record } => self.insert(key, record).await,
            Command::Replace {
                key,
                expected,
                record,
            } => self.replace(key, expected, record).await,
            // `Redis::write` says so.
            Command::Move { .. } => Ok(Outcome::Refused),
            Command::Touch {
                key,
                expected,
                seen,
                expires,
            } => self.touch(key, expected, (seen, expires)).await,
            Command::Delete { key, only } => {
                let ended = match only {
                    Only::Always => self.end(key, b"always", b"").await?,
                    Only::Opened(digest) => self.end(key, b"opened", digest.as_bytes()).await?,
                    Only::Over(moment) => self.end(key, b"over", &row::moment(moment)).await?,
                };
                self.forget(key, ended).await;
                Ok(Outcome::Applied)
            }
        }
    }

    async fn insert(&self, key: &Key, record: &Record) -> Result<Outcome, Failure> {
        // Listed before it exists.
        let listed = match &record.owner {
            Some(owner) => Some(
                self.list(Name::Owner(owner), key, record.created, record.expires)
                    .await?,
            ),
            None => None,
        };
        if let Some(tag) = &record.tag {
            self.list(Name::Tag(tag), key, record.created, record.expires)
                .await?;
        }
        let name = self.names.session(key);
        let mut set = cmd("SET");
        set.arg(&name).arg(row::write(record, listed));
        set.arg("NX").arg("PXAT").arg(row::ceiling(record.expires));
        let is_ours = match self.command(&name, &set).await? {
            (Value::Nil, Attempt::First) => false,
            (Value::Nil, Attempt::Second) => {
                let found = self.record(key).await?;
                found.is_some_and(|found| found.revision == record.revision)
            }
            _ => true,
        };
        Ok(outcome(is_ours))
    }

    async fn replace(
        &self,
        key: &Key,
        expected: Revision,
        record: &Record,
    ) -> Result<Outcome, Failure> {
        let mut listed = None;
        loop {
            let arguments = [
                &*row::moment(self.now),
                &*row::revision(expected),
                &*row::write(record, listed),
            ];
            let (answer, attempt) = self.answer(&self.scripts.replace, key, &arguments).await?;
            return Ok(match (answer, attempt) {
                (Answer::Done, _) | (Answer::Own, Attempt::Second) => Outcome::Applied,
                (Answer::Ended(ended), _) => {
                    self.forget(key, Some(ended)).await;
                    Outcome::Applied
                }
                (Answer::Unlisted(owner, created), _) if listed.is_none() => {
                    let name = Name::Owner(&owner);
                    listed = Some(self.list(name, key, created, record.expires).await?);
                    if let Some(tag) = &record.tag {
                        self.list(Name::Tag(tag), key, created, record.expires)
                            .await?;
                    }
                    continue;
                }
                // The first attempt removed it.
                (Answer::Gone, Attempt::Second) if record.expires <= self.now => Outcome::Applied,
                (Answer::Changed, Attempt::Second) => {
                    // The core would replay changes that the record may already have.
                    let why = "the answer was lost, and others have written since";
                    return Err(Failure::because(&self.servers.to_string(), why));
                }
                _ => Outcome::Refused,
            });
        }
    }

    async fn touch(
        &self,
        key: &Key,
        expected: Revision,
        (seen, expires): (Moment, Moment),
    ) -> Result<Outcome, Failure> {
        let mut listed = None;
        loop {
            let arguments = [
                &*row::moment(self.now),
                &*row::revision(expected),
                &*row::moment(seen),
                &*row::moment(expires),
                &*listed.map_or_else(|| row::UNLISTED.to_vec(), row::moment),
            ];
            match self.answer(&self.scripts.touch, key, &arguments).await?.0 {
                Answer::Unlisted(owner, created) if listed.is_none() => {
                    listed = Some(
                        self.list(Name::Owner(&owner), key, created, expires)
                            .await?,
                    );
                    // Rare enough for another look.
                    let record = self.record_without_data(key).await?;
                    if let Some(tag) = record.and_then(|record| record.tag) {
                        self.list(Name::Tag(&tag), key, created, expires).await?;
                    }
                }
                answer => return Ok(outcome(matches!(answer, Answer::Done))),
            }
        }
    }

    /// Removes the record if the condition holds, without touching the index.
    pub(super) async fn end(
        &self,
        key: &Key,
        condition: &[u8],
        named: &[u8],
    ) -> Result<Option<Ended>, Failure> {
        let arguments = [condition, named];
        match self.answer(&self.scripts.delete, key, &arguments).await?.0 {
            Answer::Ended(ended) => Ok(Some(ended)),
            _ => Ok(None),
        }
    }

    /// Removes a record's listing from the owner's index; one that stays expires by itself.
    async fn forget(&self, key: &Key, ended: Option<Ended>) {
        if let Some(owner) = ended.and_then(|ended| ended.owner) {
            let _ = self.unlist(&owner, &[*key]).await;
        }
    }

    async fn answer(
        &self,
        script: &Script,
        key: &Key,
        arguments: &[&[u8]],
    ) -> Result<(Answer, Attempt), Failure> {
        let name = self.names.session(key);
        let (value, attempt) = self.script(script, &name, arguments).await?;
        let answer =
            Answer::read(&value).ok_or_else(|| Failure::senseless(&self.servers.to_string()))?;
        Ok((answer, attempt))
    }
}

impl Answer {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::BulkString(word) => match &**word {
                b"done" => Some(Self::Done),
                b"gone" => Some(Self::Gone),
                b"changed" => Some(Self::Changed),
                b"own" => Some(Self::Own),
                _ => None,
            },
            Value::Array(parts) => match &**parts {
                [_, Value::BulkString(owner), Value::BulkString(created)] => Some(Self::Unlisted(
                    row::read_owner(owner).flatten()?,
                    row::read_moment(created)?,
                )),
                [
                    _,
                    Value::BulkString(owner),
                    Value::BulkString(expires),
                    Value::BulkString(closed),
                ] => Some(Self::Ended(Ended {
                    owner: row::read_owner(owner).flatten(),
                    expires: row::read_moment(expires),
                    closed: closed == b"1",
                })),
                _ => None,
            },
            _ => None,
        }
    }
}

fn outcome(is_applied: bool) -> Outcome {
    if is_applied {
        Outcome::Applied
    } else {
        Outcome::Refused
    }
}
