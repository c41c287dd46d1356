use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Only, Outcome, PublicId, Record,
    Store, StoreError, Whose,
};

/// The reference store: one map behind one lock, scanned from end to end.
///
/// Other stores are compared with it, and tests that need any store use it. Clones are the same
/// store.
///
/// ```
/// use session_core::{Command, Outcome, Store};
/// use session_testkit::{ModelStore, digest_of, key_of, moment_at, record_of};
///
/// # pollster::block_on(async {
/// let store = ModelStore::new();
/// let (key, record) = (&key_of(1), &record_of(1));
/// let outcome = store.write(Command::Insert { key, record }, moment_at(0)).await.unwrap();
/// assert_eq!(outcome, Outcome::Applied);
/// let found = store.load(key, &digest_of(0), moment_at(0)).await.unwrap();
/// assert_eq!(found, Some(record_of(1)));
/// # });
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModelStore {
    records: Arc<Mutex<Records>>,
    id_form: IdForm,
}

type Records = BTreeMap<Key, Record>;

impl ModelStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty store of [plain ids](IdForm::Plain).
    #[must_use]
    pub fn of_plain_ids() -> Self {
        Self {
            id_form: IdForm::Plain,
            ..Self::default()
        }
    }

    /// Returns the number of records, including expired ones that await a sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Says whether the store has no record, live or expired.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records().is_empty()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn load(
        &self,
        key: &Key,
        _secret: &Digest,
        _now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        Ok(self.records().get(key).cloned())
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        if matches!(command, Command::Move { .. }) && self.id_form == IdForm::Hashed {
            return Err(StoreError::keys_stay());
        }
        Ok(apply(&mut self.records(), command, now))
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        let mut records = self.records();
        let expired = records.iter().filter(|(_, record)| record.expires <= now);
        let expired: Vec<Key> = expired.map(|(key, _)| *key).take(limit).collect();
        for key in &expired {
            records.remove(key);
        }
        Ok(expired.len())
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let records = self.records();
        let hits = records
            .iter()
            .filter(|(_, record)| record.owner.as_deref() == Some(owner) && is_listed(record, now));
        let mut listed: Vec<_> = hits.map(|(key, record)| record.device(key)).collect();
        listed.sort_by_key(|device| Reverse((device.created, device.public_id)));
        if let Some(from) = from {
            let begins = |device: &Device| device.public_id == *from;
            listed = listed.into_iter().skip_while(|it| !begins(it)).collect();
        }
        listed.truncate(limit);
        Ok(listed)
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let mut records = self.records();
        let mut listed = 0;
        records.retain(|key, record| {
            let ends = whose.includes(key, record);
            listed += usize::from(ends && is_listed(record, now));
            !ends
        });
        Ok(listed)
    }

    async fn walk(&self, from: &Cursor, limit: usize, _: Moment) -> Result<Batch, StoreError> {
        let records = self.records();
        let behind = records
            .iter()
            .filter(|(key, _)| key.as_bytes() > from.as_bytes());
        let mut sessions: Vec<_> = behind.map(|(key, record)| (*key, record.clone())).collect();
        sessions.sort_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
        let is_last = sessions.len() <= limit.max(1);
        sessions.truncate(limit.max(1));
        let last = sessions.last().filter(|_| !is_last);
        let mut batch = Batch::default();
        batch.next = last.map(|(key, _)| Cursor::from_bytes(key.as_bytes()));
        batch.sessions = sessions;
        Ok(batch)
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn id_form(&self) -> IdForm {
        self.id_form
    }
}

fn apply(records: &mut Records, command: Command<'_>, now: Moment) -> Outcome {
    let present = records.get(command.key());
    let live = present.filter(|record| record.expires > now);
    let holds = match command {
        Command::Insert { .. } => live.is_none(),
        Command::Replace { expected, .. } | Command::Touch { expected, .. } => {
            live.is_some_and(|record| record.revision == expected)
        }
        Command::Move { expected, to, .. } => {
            live.is_some_and(|record| record.revision == expected) && !records.contains_key(to)
        }
        Command::Delete { only, .. } => present.is_some_and(|record| match only {
            Only::Always => true,
            Only::Opened(digest) => record.secrets.include(digest),
            Only::Over(moment) => record.expires <= moment,
        }),
    };
    match command {
        Command::Delete { .. } if !holds => {}
        _ if !holds => return Outcome::Refused,
        Command::Replace { key, record, .. } if record.expires <= now => drop(records.remove(key)),
        Command::Insert { key, record } | Command::Replace { key, record, .. } => {
            records.insert(*key, record.clone());
        }
        Command::Move {
            key, to, record, ..
        } => {
            records.remove(key);
            if record.expires > now {
                records.insert(*to, record.clone());
            }
        }
        Command::Touch {
            key, seen, expires, ..
        } => {
            if let Some(record) = records.get_mut(key) {
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
            }
        }
        Command::Delete { key, .. } => drop(records.remove(key)),
    }
    Outcome::Applied
}

fn is_listed(record: &Record, now: Moment) -> bool {
    record.expires > now && !record.closed
}
