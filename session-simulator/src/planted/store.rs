use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Only, Outcome, PublicId, Record, Revoke, Store,
    StoreError, Whose,
};
use session_testkit::Around;

use super::Plant;
use crate::net::{Net, Stage};

/// A store with a fault.
#[derive(Debug)]
pub(super) struct Faulted {
    store: Arc<dyn Store>,
    plant: Plant,
    net: Net,
    /// The last record under each key, of whatever was stored.
    last: Mutex<BTreeMap<PublicId, Record>>,
}

impl Faulted {
    pub(super) fn new(store: Arc<dyn Store>, plant: Plant, net: Net) -> Self {
        Self {
            store,
            plant,
            net,
            last: Mutex::default(),
        }
    }

    async fn present(&self, key: &Key, now: Moment) -> Result<Option<Record>, StoreError> {
        let nobodys = Digest::from_bytes(&[0; 16]).unwrap_or_else(|| unreachable!("16 bytes"));
        self.store.load(key, &nobodys, now).await
    }

    /// Stores a record whatever is there.
    async fn put(&self, key: &Key, record: &Record, now: Moment) -> Result<Outcome, StoreError> {
        let only = Only::Always;
        self.store.write(Command::Delete { key, only }, now).await?;
        self.store.write(Command::Insert { key, record }, now).await
    }

    fn last(&self) -> MutexGuard<'_, BTreeMap<PublicId, Record>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn faulted(
        &self,
        command: Command<'_>,
        now: Moment,
    ) -> Result<Option<Outcome>, StoreError> {
        let present = self.present(command.key(), now).await?;
        Ok(match (self.plant, command, present) {
            (Plant::NoRevisionCheck, Command::Replace { key, record, .. }, Some(present))
                if present.expires > now && record.expires > now =>
            {
                Some(self.put(key, record, now).await?)
            }
            (Plant::ResurrectsOnReplace, Command::Replace { key, record, .. }, None)
                if record.expires > now =>
            {
                Some(self.put(key, record, now).await?)
            }
            (Plant::ResurrectsOnTouch, Command::Touch { key, expires, .. }, None) => {
                let last = self.last().get(&key.public_id()).cloned();
                match last {
                    Some(mut record) => {
                        record.expires = expires;
                        Some(self.put(key, &record, now).await?)
                    }
                    None => None,
                }
            }
            (
                Plant::DeletesThenInserts,
                Command::Replace {
                    key,
                    expected,
                    record,
                },
                Some(present),
            ) if present.revision == expected
                && present.expires > now
                && present.secrets.present != record.secrets.present =>
            {
                let only = Only::Always;
                self.store.write(Command::Delete { key, only }, now).await?;
                let by = self.net.polled();
                self.net.pause(by, Stage::Between).await;
                Some(
                    self.store
                        .write(Command::Insert { key, record }, now)
                        .await?,
                )
            }
            (Plant::ForgetsTheRemembered, Command::Delete { key, only }, Some(present)) => {
                let Only::Opened(digest) = only else {
                    return Ok(None);
                };
                let is_present = present.secrets.present == *digest;
                let only = Only::Always;
                if is_present {
                    self.store.write(Command::Delete { key, only }, now).await?;
                }
                Some(Outcome::Applied)
            }
            _ => None,
        })
    }
}

#[async_trait]
impl Around for Faulted {
    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.store.load(key, secret, now).await?;
        // The simulator's own looks are right.
        let is_wrong =
            self.plant == Plant::ComparesExpiryTheWrongWay && secret.as_bytes() != &[0; 16];
        Ok(found.filter(|record| !is_wrong || record.expires <= now))
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let outcome = match self.faulted(command, now).await? {
            Some(outcome) => outcome,
            None => self.store.write(command, now).await?,
        };
        if let Some(record) = self.present(command.key(), now).await? {
            self.last().insert(command.key().public_id(), record);
        }
        Ok(outcome)
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let mut found = self.store.devices(owner, from, now, limit).await?;
        if self.plant == Plant::LosesTheIndex {
            let last = self.last();
            let is_renewed = |device: &Device| {
                let record = last.get(&device.public_id);
                record.is_some_and(|record| record.secrets.remembered.is_some())
            };
            found.retain(|device| !is_renewed(device));
        }
        Ok(found)
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let (Plant::RevokesByTheClock, Whose::Owner(owner, which)) = (self.plant, whose) else {
            return self.store.revoke(whose, now).await;
        };
        let soon = now.saturating_add(time::Duration::minutes(5));
        let listed = self.store.devices(owner, None, soon, usize::MAX).await?;
        let mut ended = 0;
        for device in listed {
            let is_meant = match which {
                Revoke::All => true,
                Revoke::AllBut(kept) => device.public_id != *kept,
                Revoke::One(one) => device.public_id == *one,
            };
            if is_meant {
                let one = Whose::Owner(owner, Revoke::One(&device.public_id));
                ended += self.store.revoke(one, now).await?;
            }
        }
        Ok(ended)
    }
}
