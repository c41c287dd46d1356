use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError,
};
use session_testkit::{Around, ModelStore};

/// What a store does wrong now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    None,
    /// It acknowledges a write that it does not do.
    LosesAWrite,
    /// It stores a part of a value.
    StoresHalf,
    /// It acknowledges the end of a session that goes on.
    EndsNothing,
    /// It finds sessions whatever the secret is.
    OpensForAnybody,
    /// It leaves a device out of a list.
    LeavesOut,
}

/// A store that lies.
#[derive(Debug)]
pub struct Liar {
    store: ModelStore,
    lie: Lie,
    calls: AtomicU64,
    /// What was stored last, by session.
    last: Mutex<BTreeMap<PublicId, Record>>,
}

impl Liar {
    pub fn new(lie: Lie) -> Self {
        Self {
            store: ModelStore::new(),
            lie,
            calls: AtomicU64::new(0),
            last: Mutex::default(),
        }
    }

    fn changes_values(&self, key: &Key, record: &Record) -> bool {
        let last = self.last.lock().unwrap();
        last.get(&key.public_id()).is_some_and(|last| {
            let is_secret_kept = last.secrets.present == record.secrets.present;
            is_secret_kept && !record.closed && *last.data != *record.data
        })
    }

    /// Is true for this lie, once in some calls.
    fn lies(&self, lie: Lie, times: u64) -> bool {
        self.lie == lie && self.calls.fetch_add(1, Ordering::Relaxed) % times == times - 1
    }
}

#[async_trait]
impl Around for Liar {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let Some(mut record) = self.store.load(key, secret, now).await? else {
            return Ok(None);
        };
        if self.lies(Lie::OpensForAnybody, 1) {
            record.secrets.present = *secret;
        }
        Ok(Some(record))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        match command {
            // Of values, and not of secrets, whose loss is a logout.
            Command::Replace { key, record, .. }
                if self.changes_values(key, record) && self.lies(Lie::LosesAWrite, 20) =>
            {
                return Ok(Outcome::Applied);
            }
            Command::Replace {
                key,
                expected,
                record,
            } if self.lies(Lie::StoresHalf, 10) => {
                let mut half = record.clone();
                half.data = record.data.replace("=========", "").into();
                let record = &half;
                let command = Command::Replace {
                    key,
                    expected,
                    record,
                };
                return self.store.write(command, now).await;
            }
            Command::Delete { .. } if self.lies(Lie::EndsNothing, 3) => {
                return Ok(Outcome::Applied);
            }
            Command::Replace { key, record, .. } => {
                let mut last = self.last.lock().unwrap();
                last.insert(key.public_id(), record.clone());
            }
            _ => {}
        }
        self.store.write(command, now).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let mut found = self.store.devices(owner, from, now, limit).await?;
        if self.lies(Lie::LeavesOut, 4) {
            found.pop();
        }
        Ok(found)
    }
}
