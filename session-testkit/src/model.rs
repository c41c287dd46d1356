use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Command, Device, Found, Key, Outcome, Record, Revision, Revoke, Store, StoreError,
};
use time::OffsetDateTime;

/// The port's meaning in the fewest words: one map behind one lock, searched from end to end.
///
/// Other stores are compared with it; tests that need just any store use it. Clones are the same.
///
/// ```
/// use session_core::{Command, Found, Outcome, Store};
/// use session_testkit::{ModelStore, key_of, moment_at, record_of};
///
/// # pollster::block_on(async {
/// let store = ModelStore::new();
/// let (key, record) = (&key_of(1), &record_of(1));
/// let outcome = store.write(Command::Insert { key, record }, moment_at(0)).await.unwrap();
/// assert_eq!(outcome, Outcome::Applied);
/// let found = store.load(key, moment_at(0)).await.unwrap();
/// assert_eq!(found, Some(Found::Here(record_of(1))));
/// # });
/// ```
#[derive(Debug, Clone, Default)]
pub struct ModelStore(Arc<Mutex<Records>>);

type Records = BTreeMap<Digest, Row>;

type Digest = [u8; 32];

#[derive(Debug)]
struct Row {
    record: Record,
    /// The key that leads here too, and until when.
    previous: Option<(Digest, OffsetDateTime)>,
}

impl ModelStore {
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns how many records there are, those included that have expired and await a sweep.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Says whether there is no record, live or expired.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records().is_empty()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for ModelStore {
    async fn load(&self, key: &Key, now: OffsetDateTime) -> Result<Option<Found>, StoreError> {
        Ok(find(&self.records(), key, now))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        Ok(apply(&mut self.records(), command, now))
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        let mut records = self.records();
        let expired = records.extract_if(.., |_, row| row.record.expires <= now);
        Ok(expired.take(limit).count())
    }

    async fn devices(&self, owner: &str, now: OffsetDateTime) -> Result<Vec<Device>, StoreError> {
        let records = self.records();
        let records = records.values().map(|row| &row.record);
        let hits = records.filter(|record| is_of(record, owner, now));
        let mut listed: Vec<_> = hits.map(Record::device).collect();
        listed.sort_by_key(|device| Reverse(device.seen));
        Ok(listed)
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let mut records = self.records();
        let before = records.len();
        records.retain(|_, Row { record, .. }| {
            let chosen = match which {
                Revoke::All => true,
                Revoke::AllBut(kept) => record.public_id != *kept,
                Revoke::One(ended) => record.public_id == *ended,
            };
            !(chosen && is_of(record, owner, now))
        });
        Ok(before - records.len())
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn apply(records: &mut Records, command: Command<'_>, now: OffsetDateTime) -> Outcome {
    match command {
        Command::Insert { key, record } => {
            if live(records, key, now).is_some() {
                return Outcome::Refused;
            }
            let record = record.clone();
            let previous = None;
            records.insert(*key.digest(), Row { record, previous });
        }
        Command::Replace {
            key,
            expected,
            with,
            record,
            remembered,
        } => {
            let is_taken = with != key && live(records, with, now).is_some();
            if is_taken || !is_in(records, key, expected, now) {
                return Outcome::Refused;
            }
            let removed = records.remove(key.digest());
            let previous = if with == key {
                removed.and_then(|row| row.previous)
            } else {
                Some((*key.digest(), remembered))
            };
            let record = record.clone();
            records.insert(*with.digest(), Row { record, previous });
        }
        Command::Touch {
            key,
            expected,
            seen,
            expires,
        } => {
            if !is_in(records, key, expected, now) {
                return Outcome::Refused;
            }
            if let Some(Row { record, .. }) = records.get_mut(key.digest()) {
                record.seen = record.seen.max(seen);
                record.expires = record.expires.max(expires);
            }
        }
        Command::Delete { key } => {
            let digest = match find(records, key, now) {
                Some(Found::Moved { to, .. }) => *to.digest(),
                _ => *key.digest(),
            };
            records.remove(&digest);
        }
    }
    Outcome::Applied
}

fn find(records: &Records, key: &Key, now: OffsetDateTime) -> Option<Found> {
    if let Some(record) = live(records, key, now) {
        return Some(Found::Here(record.clone()));
    }
    let leads_to = |row: &Row| {
        let (digest, until) = row.previous?;
        (digest == *key.digest() && until > now && row.record.expires > now).then_some(())
    };
    let (digest, row) = records.iter().find(|(_, row)| leads_to(row).is_some())?;
    Some(Found::Moved {
        to: Key::from_digest(*digest),
        record: row.record.clone(),
    })
}

fn live<'a>(records: &'a Records, key: &Key, now: OffsetDateTime) -> Option<&'a Record> {
    let found = records.get(key.digest()).map(|row| &row.record);
    found.filter(|record| record.expires > now)
}

fn is_in(records: &Records, key: &Key, expected: Revision, now: OffsetDateTime) -> bool {
    live(records, key, now).is_some_and(|record| record.revision == expected)
}

fn is_of(record: &Record, owner: &str, now: OffsetDateTime) -> bool {
    record.expires > now && record.owner.as_deref() == Some(owner)
}
