use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::http::cookie::{Presented, values_of};
use crate::port::plain_id::PlainId;
use crate::{
    Command, CommitError, Device, Digest, Envelope, Id, IdForm, Key, Outcome, Policy, PublicId,
    Record, Reply, Revoke, SessionError, Store, StoreError,
};

/// The store of one request whose session travels in its cookie: what the values hold, and what the
/// request makes of it.
///
/// The protocol sees a store of plain ids, and stays as it is. Nobody else has this store, so no
/// command meets another's.
pub(super) struct Placed {
    envelope: Arc<dyn Envelope>,
    /// The cookie's values, under keys that are digests of them.
    values: Vec<(Key, Box<[u8]>)>,
    written: Mutex<Written>,
}

/// What the request has written.
enum Written {
    Nothing,
    End,
    Record(Box<Kept>),
}

struct Kept {
    key: Key,
    record: Record,
    /// The key of the value from which it was read.
    source: Key,
}

impl Placed {
    /// Looks for the values in a request's cookies, and names them.
    pub(super) fn scan<'a>(
        envelope: Arc<dyn Envelope>,
        policy: &Policy,
        cookies: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Self, Presented) {
        let mut presented = Presented::default();
        let mut values = Vec::new();
        for header in cookies {
            for value in values_of(&policy.name, header).take(MAX_VALUES) {
                let Some(id) = name_of(value) else { continue };
                presented.add(id);
                values.push((id.key(), value.into()));
            }
        }
        let placed = Self {
            envelope,
            values,
            written: Mutex::new(Written::Nothing),
        };
        (placed, presented)
    }

    /// Puts what the request has written into the reply's cookie, in place of the id that the protocol
    /// has drawn for it.
    pub(super) fn reply(
        &self,
        policy: &Policy,
        outcome: Result<Reply, CommitError>,
    ) -> Result<Reply, CommitError> {
        let (reply, failed) = match outcome {
            Ok(reply) => (reply, None),
            Err(failed) => {
                let (error, reply) = failed.into_parts();
                (reply, Some(error))
            }
        };
        let (reply, too_large) = self.carried(policy, reply);
        match failed.or(too_large) {
            None => Ok(reply),
            Some(error) => Err(CommitError::new(error, reply)),
        }
    }

    fn carried(&self, policy: &Policy, reply: Reply) -> (Reply, Option<SessionError>) {
        let written = self.written();
        let Written::Record(kept) = &*written else {
            return (reply, None);
        };
        let now = policy.now();
        let before = self.value(kept.source);
        let value = match self.envelope.seal(before, &kept.record, now) {
            Ok(value) => value,
            Err(error) => return (reply.without_cookie(), Some(error.into())),
        };
        let bytes = policy.name.len() + 1 + value.len();
        if bytes > MAX_COOKIE {
            let limit = MAX_COOKIE;
            let too_large = SessionError::TooLarge { bytes, limit };
            return (reply.without_cookie(), Some(too_large));
        }
        let is_persistent = policy.lifetime.is_persistent(kept.record.expiry);
        let until = is_persistent.then_some(kept.record.expires);
        (reply.with_cookie(policy, &value, until, now), None)
    }

    fn value(&self, key: Key) -> Option<&[u8]> {
        let mut values = self.values.iter();
        values
            .find(|(known, _)| *known == key)
            .map(|(_, value)| &**value)
    }

    fn find(&self, written: &Written, key: Key, now: OffsetDateTime) -> Option<(Record, Key)> {
        match written {
            Written::End => None,
            Written::Record(kept) if kept.key == key => Some((kept.record.clone(), kept.source)),
            Written::Record(kept) if kept.source == key => None,
            _ => Some((self.envelope.open(self.value(key)?, now)?, key)),
        }
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Placed {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.find(&self.written(), *key, now);
        Ok(found.map(|(mut record, _)| {
            record.secrets.present = *secret;
            record
        }))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let mut written = self.written();
        let (to, expected) = match command {
            Command::Insert { key, .. } | Command::Delete { key, .. } => (*key, None),
            Command::Replace { key, expected, .. } | Command::Touch { key, expected, .. } => {
                (*key, Some(expected))
            }
            Command::Move { to, expected, .. } => (*to, Some(expected)),
        };
        let found = self.find(&written, *command.key(), now);
        let fits = |(record, _): &(Record, Key)| {
            record.expires > now && expected.is_none_or(|expected| record.revision == expected)
        };
        if expected.is_some() && !found.as_ref().is_some_and(fits) {
            return Ok(Outcome::Refused);
        }
        let source = found.as_ref().map_or(to, |(_, source)| *source);
        let record = match command {
            Command::Insert { record, .. }
            | Command::Replace { record, .. }
            | Command::Move { record, .. } => record.clone(),
            Command::Touch { seen, expires, .. } => match found {
                Some((mut record, _)) => {
                    record.seen = record.seen.max(seen);
                    record.expires = record.expires.max(expires);
                    record
                }
                None => return Ok(Outcome::Refused),
            },
            Command::Delete { .. } => {
                // Of several values only that of the session counts.
                if found.is_some() {
                    *written = Written::End;
                }
                return Ok(Outcome::Applied);
            }
        };
        *written = Written::Record(Box::new(Kept {
            key: to,
            record,
            source,
        }));
        Ok(Outcome::Applied)
    }

    async fn sweep(&self, _: OffsetDateTime, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: OffsetDateTime,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unlisted())
    }

    async fn revoke(&self, _: &str, _: Revoke<'_>, _: OffsetDateTime) -> Result<usize, StoreError> {
        Err(unlisted())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn id_form(&self) -> IdForm {
        IdForm::Plain
    }
}

impl fmt::Debug for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Placed(…)")
    }
}

/// A store for applications whose sessions are all in cookies.
#[derive(Debug)]
pub(super) struct Nowhere;

#[async_trait]
impl Store for Nowhere {
    async fn load(
        &self,
        _: &Key,
        _: &Digest,
        _: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }

    async fn write(&self, _: Command<'_>, _: OffsetDateTime) -> Result<Outcome, StoreError> {
        Ok(Outcome::Refused)
    }

    async fn sweep(&self, _: OffsetDateTime, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: OffsetDateTime,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unlisted())
    }

    async fn revoke(&self, _: &str, _: Revoke<'_>, _: OffsetDateTime) -> Result<usize, StoreError> {
        Err(unlisted())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn id_form(&self) -> IdForm {
        IdForm::Plain
    }
}

fn unlisted() -> StoreError {
    StoreError::new(
        "sessions in cookies are known to their browsers alone; they can't be listed or revoked",
    )
}

/// Names a value by its digest, as 32 characters of a plain id.
fn name_of(value: &[u8]) -> Option<Id> {
    let hash: [u8; 32] = Sha256::digest(value).into();
    let (half, _) = hash.split_first_chunk()?;
    let name = PublicId::from_bytes(*half).to_string();
    PlainId::parse(name.as_bytes()).map(Id::from_plain)
}

/// The limit of values of one name that are looked at.
const MAX_VALUES: usize = 4;

/// The bytes of a cookie's name and value that browsers keep (RFC 6265bis, 5.6).
const MAX_COOKIE: usize = 4096;
