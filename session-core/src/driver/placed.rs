use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::nowhere::unlisted;
use crate::http::cookie::{Presented, values_of};
use crate::port::plain_id::PlainId;
use crate::protocol::unread::Absence;
use crate::{
    Command, CommitError, Device, Digest, Enclosed, Envelope, Event, EventKind, Id, IdForm, Key,
    Moment, Outcome, Policy, PublicId, Reason, Record, Reply, SessionError, Store, StoreError,
    Whose,
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
    told: Mutex<Told>,
    /// Whether the observer knows that what is written is too large.
    is_excess_told: AtomicBool,
    /// Why the last load has found nothing.
    missed: Mutex<Absence>,
}

/// What the request knows to be settled for the browser, whatever fails after it.
#[derive(Default)]
enum Told {
    #[default]
    Nothing,
    /// The session that it had sent has ended.
    End,
    /// The last value that browsers keep, as an early save was told, and its end.
    Value(String, Option<Moment>),
}

/// What the request has written.
enum Written {
    Nothing,
    End,
    Record(Box<Kept>),
}

#[derive(Clone)]
struct Kept {
    key: Key,
    session: Enclosed,
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
        let mut values: Vec<(Key, Box<[u8]>)> = Vec::new();
        let cookies = cookies.into_iter();
        let found = cookies.flat_map(|header| values_of(&policy.name, header));
        let found = found.filter(|value| !value.is_empty());
        for value in found.take(MAX_VALUES) {
            let Some(id) = PlainId::naming(value).map(Id::from_plain) else {
                continue;
            };
            presented.add(id);
            // A value that was planted many times counts once.
            if values.iter().all(|(known, _)| *known != id.key()) {
                values.push((id.key(), value.into()));
            }
        }
        let placed = Self {
            envelope,
            values,
            written: Mutex::new(Written::Nothing),
            told: Mutex::default(),
            is_excess_told: AtomicBool::new(false),
            missed: Mutex::default(),
        };
        (placed, presented)
    }

    /// Returns why the last load has found nothing.
    pub(super) fn absence(&self) -> Absence {
        std::mem::take(&mut self.missed())
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
        if let Some(error) = &too_large {
            self.tell(policy, error);
        }
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
                let is_persistent = policy.lifetimes.is_persistent(kept.session.record.expiry);
                *told = Told::Value(value, is_persistent.then_some(kept.session.record.expires));
                self.is_excess_told.store(false, Ordering::Relaxed);
                None
            }
            Err(error) => Some(error),
        };
        let reply = match &*told {
            Told::Value(value, until) => reply.with_cookie(policy, value, *until, now),
            Told::End if !self.values.is_empty() => reply.with_removal(policy, now),
            Told::End | Told::Nothing => reply.without_cookie(),
        };
        (reply, refused)
    }

    fn sealed(&self, policy: &Policy, kept: &Kept, now: Moment) -> Result<String, SessionError> {
        let value = self
            .envelope
            .seal(self.value(kept.source), &kept.session, now)?;
        let bytes = policy.name.len() + 1 + value.len();
        if bytes > MAX_COOKIE {
            let limit = MAX_COOKIE;
            return Err(SessionError::TooLarge { bytes, limit });
        }
        Ok(value)
    }

    /// Tells of what no cookie holds: once, though an early save and the response find it; and without a lock, because
    /// observers are foreign.
    #[cold]
    fn tell(&self, policy: &Policy, error: &SessionError) {
        let is_excess = matches!(error, SessionError::TooLarge { .. });
        let written = self.written();
        let Written::Record(kept) = &*written else {
            return;
        };
        if !is_excess || self.is_excess_told.swap(true, Ordering::Relaxed) {
            return;
        }
        let (session, owner) = (kept.key.public_id(), kept.session.record.owner.clone());
        drop(written);
        let event = Event::new(EventKind::OverLimit, policy.now()).of(session);
        let event = event.owned_by(owner.as_deref());
        policy.tell(event.because(Reason::Error(error)));
    }

    fn value(&self, key: Key) -> Option<&[u8]> {
        let found = self.values.iter().find(|(known, _)| *known == key)?;
        Some(&found.1)
    }

    fn find(&self, key: Key, now: Moment) -> Option<Kept> {
        match &*self.written() {
            Written::End => None,
            Written::Record(kept) if kept.key == key => Some((**kept).clone()),
            Written::Record(kept) if kept.source == key => None,
            _ => Some(Kept {
                key,
                session: self.envelope.open(self.value(key)?, now)?,
                source: key,
            }),
        }
    }

    /// Says whether a session's owner has not ended it since.
    async fn is_of_its_epoch(&self, session: &Enclosed) -> Result<bool, StoreError> {
        match (self.envelope.epochs(), &session.record.owner) {
            (Some(epochs), Some(owner)) => Ok(session.epoch >= epochs.epoch(owner).await?),
            _ => Ok(true),
        }
    }

    /// Returns the epoch of a session that is written in place of another: that of its owner's last sign-in.
    async fn epoch(&self, record: &Record, before: Option<&Enclosed>) -> Result<u64, StoreError> {
        let is_signed_in = |old: &&Enclosed| {
            let authenticated = old.record.authenticated == record.authenticated;
            authenticated && old.record.owner == record.owner
        };
        match (
            before.filter(is_signed_in),
            &record.owner,
            self.envelope.epochs(),
        ) {
            (Some(old), ..) => Ok(old.epoch),
            (None, Some(owner), Some(epochs)) => epochs.epoch(owner).await,
            (None, ..) => Ok(0),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missed(&self) -> MutexGuard<'_, Absence> {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner)
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
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let Some(found) = self.find(*key, now) else {
            *self.missed() = Absence::Tampered;
            return Ok(None);
        };
        if !self.is_of_its_epoch(&found.session).await? {
            let owner = found.session.record.owner;
            *self.missed() = owner.map_or(Absence::Unknown, Absence::Outdated);
            return Ok(None);
        }
        let mut record = found.session.record;
        record.secrets.present = *secret;
        Ok(Some(record))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let (to, expected) = match command {
            Command::Insert { key, .. } | Command::Delete { key, .. } => (*key, None),
            Command::Replace { key, expected, .. } | Command::Touch { key, expected, .. } => {
                (*key, Some(expected))
            }
            Command::Move { to, expected, .. } => (*to, Some(expected)),
        };
        let found = self.find(*command.key(), now);
        let before = found.as_ref().map(|found| &found.session);
        let fits = |Enclosed { record, .. }: &Enclosed| {
            record.expires > now && expected.is_none_or(|expected| record.revision == expected)
        };
        if expected.is_some() && !before.is_some_and(fits) {
            return Ok(Outcome::Refused);
        }
        if matches!(command, Command::Replace { record, .. } if record.expires <= now) {
            // Only the browser could end it, and a late removal would be that of a newer answer's cookie.
            return Ok(Outcome::Applied);
        }
        let record = match (command, before) {
            (
                Command::Insert { record, .. }
                | Command::Replace { record, .. }
                | Command::Move { record, .. },
                _,
            ) => record.clone(),
            (Command::Touch { seen, expires, .. }, Some(old)) => {
                let mut record = old.record.clone();
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
                record
            }
            (Command::Touch { .. }, None) => return Ok(Outcome::Refused),
            (Command::Delete { .. }, _) => {
                // Of several values only that of the session counts.
                if found.is_some() {
                    *self.written() = Written::End;
                    // Nor may a failure bring it back.
                    *self.told() = Told::End;
                }
                return Ok(Outcome::Applied);
            }
        };
        let epoch = self.epoch(&record, before).await?;
        *self.written() = Written::Record(Box::new(Kept {
            key: to,
            session: Enclosed { record, epoch },
            source: found.map_or(to, |found| found.source),
        }));
        Ok(Outcome::Applied)
    }

    async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
        Ok(0)
    }

    async fn devices(
        &self,
        _: &str,
        _: Option<&PublicId>,
        _: Moment,
        _: usize,
    ) -> Result<Vec<Device>, StoreError> {
        Err(unlisted())
    }

    async fn revoke(&self, _: Whose<'_>, _: Moment) -> Result<usize, StoreError> {
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

/// The limit of values of one name that are looked at; of different ones four are opened.
const MAX_VALUES: usize = 64;

/// The bytes of a cookie's name and value that browsers keep (RFC 6265bis, 5.6).
const MAX_COOKIE: usize = 4096;

#[cfg(test)]
mod tests;
