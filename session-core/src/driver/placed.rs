use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;

use super::nowhere::unlisted;
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
    /// The last value that browsers keep, as an early save was told, and its end.
    told: Mutex<Option<(String, Option<OffsetDateTime>)>>,
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
        let cookies = cookies.into_iter();
        let found = cookies.flat_map(|header| values_of(&policy.name, header));
        for value in found.take(MAX_VALUES) {
            let Some(id) = PlainId::naming(value).map(Id::from_plain) else {
                continue;
            };
            presented.add(id);
            values.push((id.key(), value.into()));
        }
        let placed = Self {
            envelope,
            values,
            written: Mutex::new(Written::Nothing),
            told: Mutex::default(),
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
        let mut told = self.told();
        let refused = match self.sealed(policy, kept, now) {
            Ok(value) => {
                let is_persistent = policy.lifetime.is_persistent(kept.record.expiry);
                *told = Some((value, is_persistent.then_some(kept.record.expires)));
                None
            }
            Err(error) => Some(error),
        };
        let reply = match &*told {
            Some((value, until)) => reply.with_cookie(policy, value, *until, now),
            None => reply.without_cookie(),
        };
        (reply, refused)
    }

    fn sealed(
        &self,
        policy: &Policy,
        kept: &Kept,
        now: OffsetDateTime,
    ) -> Result<String, SessionError> {
        let value = self
            .envelope
            .seal(self.value(kept.source), &kept.record, now)?;
        let bytes = policy.name.len() + 1 + value.len();
        if bytes > MAX_COOKIE {
            let limit = MAX_COOKIE;
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(value)
    }

    fn value(&self, key: Key) -> Option<&[u8]> {
        let found = self.values.iter().find(|(known, _)| *known == key)?;
        Some(&found.1)
    }

    fn find(&self, written: &Written, key: Key, now: OffsetDateTime) -> Option<(Record, Key)> {
        match written {
            Written::End => None,
            Written::Record(kept) if kept.key == key => Some((kept.record.clone(), kept.source)),
            Written::Record(kept) if kept.source == key => None,
            _ => Some((self.envelope.open(self.value(key)?, now)?, key)),
        }
    }

    fn told(&self) -> MutexGuard<'_, Option<(String, Option<OffsetDateTime>)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
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
                    // Nor may a failure bring it back.
                    *self.told() = None;
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

/// The limit of values of one name that are looked at.
const MAX_VALUES: usize = 4;

/// The bytes of a cookie's name and value that browsers keep (RFC 6265bis, 5.6).
const MAX_COOKIE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::super::nowhere::Nowhere;
    use super::*;
    use crate::{Only, Revision};

    /// A value is a revision, and what it is of does not matter here.
    #[derive(Debug)]
    struct Numbers;

    impl Envelope for Numbers {
        fn open(&self, value: &[u8], now: OffsetDateTime) -> Option<Record> {
            let number = std::str::from_utf8(value).ok()?.parse().ok()?;
            let present = Digest::from_bytes(&[0; 16])?;
            let end = now.saturating_add(time::Duration::HOUR);
            Some(Record::new(Revision::from_i64(number), present, now, end))
        }

        fn seal(
            &self,
            _: Option<&[u8]>,
            record: &Record,
            _: OffsetDateTime,
        ) -> Result<String, StoreError> {
            Ok(record.revision.to_i64().to_string())
        }
    }

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn placed(cookies: &str) -> (Placed, Vec<Key>) {
        let policy = Policy::development();
        let cookies = [cookies.as_bytes()];
        let (placed, presented) = Placed::scan(Arc::new(Numbers), &policy, cookies);
        let keys = presented.iter().map(Id::key).collect();
        (placed, keys)
    }

    fn write(placed: &Placed, command: Command<'_>) -> Outcome {
        pollster::block_on(placed.write(command, NOW)).unwrap()
    }

    fn revision(placed: &Placed, key: &Key) -> Option<i64> {
        let secret = Digest::from_bytes(&[1; 16]).unwrap();
        let found = pollster::block_on(placed.load(key, &secret, NOW)).unwrap();
        assert!(found.as_ref().is_none_or(|it| it.secrets.present == secret));
        found.map(|record| record.revision.to_i64())
    }

    #[test]
    fn a_request_sees_what_it_has_written_and_nothing_of_before() {
        let (placed, keys) = placed("session=1; session=forged; session=7");
        let [one, forged, seven] = &keys[..] else {
            panic!("{} values", keys.len());
        };
        assert_eq!(
            (revision(&placed, one), revision(&placed, forged)),
            (Some(1), None)
        );
        let record = &Numbers.open(b"2", NOW).unwrap();
        let [right, wrong] = [1, 5].map(Revision::from_i64);
        let to = &Key::parse_plain("another1").unwrap();
        let replace = |key, expected| Command::Replace {
            key,
            expected,
            record,
        };
        assert_eq!(write(&placed, replace(one, wrong)), Outcome::Refused);
        assert_eq!(write(&placed, replace(forged, right)), Outcome::Refused);
        let moved = Command::Move {
            key: one,
            to,
            expected: right,
            record,
        };
        assert_eq!(write(&placed, moved), Outcome::Applied);
        assert_eq!(
            (revision(&placed, one), revision(&placed, to)),
            (None, Some(2))
        );
        let touch = |expected| Command::Touch {
            key: to,
            expected: Revision::from_i64(expected),
            seen: NOW,
            expires: record.expires,
        };
        assert_eq!(write(&placed, touch(1)), Outcome::Refused);
        assert_eq!(write(&placed, touch(2)), Outcome::Applied);
        let delete = |key| Command::Delete {
            key,
            only: Only::Always,
        };
        assert_eq!(write(&placed, delete(one)), Outcome::Applied);
        assert_eq!(revision(&placed, to), Some(2));
        assert_eq!(write(&placed, delete(to)), Outcome::Applied);
        assert_eq!(
            (revision(&placed, to), revision(&placed, seven)),
            (None, None)
        );
    }

    #[test]
    fn a_commit_that_failed_brings_what_was_written_before() {
        let policy = Policy::development();
        let (placed, _) = placed("");
        let record = &Numbers.open(b"3", policy.now()).unwrap();
        let key = &Key::parse_plain("another1").unwrap();
        write(&placed, Command::Insert { key, record });
        let failed = CommitError::new(SessionError::Gone, Reply::default());
        let failed = placed.reply(&policy, Err(failed)).unwrap_err();
        assert!(matches!(failed.error(), SessionError::Gone));
        let cookie = failed.reply().set_cookie().unwrap();
        assert!(cookie.starts_with("session=3; Max-Age="), "{cookie}");
    }

    #[test]
    fn neither_store_lists_or_ends_what_browsers_have() {
        let (placed, _) = placed("session=1");
        assert!(format!("{placed:?}").starts_with("Placed"));
        let key = &Key::parse_plain("another1").unwrap();
        let only = Only::Always;
        let delete = Command::Delete { key, only };
        let nothing = pollster::block_on(Nowhere.write(delete, NOW)).unwrap();
        assert_eq!(nothing, Outcome::Refused);
        let secret = &Digest::from_bytes(&[0; 16]).unwrap();
        assert_eq!(
            pollster::block_on(Nowhere.load(key, secret, NOW)).unwrap(),
            None
        );
        let stores: [&dyn Store; 2] = [&placed, &Nowhere];
        for store in stores {
            assert_eq!(store.id_form(), IdForm::Plain);
            pollster::block_on(store.check()).unwrap();
            assert_eq!(pollster::block_on(store.sweep(NOW, 9)).unwrap(), 0);
            let listed = pollster::block_on(store.devices("ada", None, NOW, 9));
            assert!(listed.unwrap_err().to_string().contains("cookies"));
            assert!(pollster::block_on(store.revoke("ada", Revoke::All, NOW)).is_err());
        }
    }
}
