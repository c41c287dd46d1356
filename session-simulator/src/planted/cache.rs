use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Command, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use session_testkit::Around;

/// A cache with a fault.
#[derive(Debug)]
pub(super) struct Careless {
    store: Arc<dyn Store>,
    entries: Mutex<BTreeMap<PublicId, Record>>,
    /// Whether an entry answers for its present secret alone, as it should.
    looks_at_secrets: bool,
    /// Whether a load that a write has overtaken is stored all the same.
    fills_late: bool,
    writes: Mutex<u64>,
}

impl Careless {
    pub(super) fn filling_late(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            entries: Mutex::default(),
            looks_at_secrets: true,
            fills_late: true,
            writes: Mutex::default(),
        }
    }

    pub(super) fn for_anybody(store: Arc<dyn Store>) -> Self {
        Self {
            looks_at_secrets: false,
            fills_late: false,
            ..Self::filling_late(store)
        }
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<PublicId, Record>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writes(&self) -> MutexGuard<'_, u64> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn invalidate(&self) {
        *self.writes() += 1;
        self.entries().clear();
    }
}

#[async_trait]
impl Around for Careless {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let cached = self.entries().get(&key.public_id()).cloned();
        let answers = |record: &Record| {
            record.expires > now && (!self.looks_at_secrets || record.secrets.present == *secret)
        };
        if let Some(mut record) = cached.filter(answers) {
            if !self.looks_at_secrets {
                // As if it had compared the secret itself.
                record.secrets.present = *secret;
            }
            return Ok(Some(record));
        }
        let begun = *self.writes();
        let found = self.store.load(key, secret, now).await?;
        if let Some(record) = &found
            && (self.fills_late || begun == *self.writes())
        {
            self.entries().insert(key.public_id(), record.clone());
        }
        Ok(found)
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let outcome = self.store.write(command, now).await;
        self.invalidate();
        outcome
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let ended = self.store.revoke(whose, now).await;
        self.invalidate();
        ended
    }
}
