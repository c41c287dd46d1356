use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, IdForm, Key, Only, Outcome, PublicId, Record, Revoke, Secrets, Store,
    StoreError, ValueRule,
};
use time::OffsetDateTime;

/// Turns the suite's keys into plain ids, for a store of such, and the handles back.
///
/// It also keeps the secrets, which such a store need not do: the key is all of the id, so another secret
/// is another key.
#[derive(Debug)]
pub(crate) struct PlainKeys {
    store: Arc<dyn Store>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    handles: HashMap<PublicId, PublicId>,
    secrets: HashMap<Key, Secrets>,
}

impl PlainKeys {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        let known = Mutex::default();
        Self { store, known }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn translate(&self, key: &Key) -> Key {
        let plain = plain(&key.public_id());
        let mut known = self.known();
        known.handles.insert(plain.public_id(), key.public_id());
        plain
    }

    fn opens(&self, key: &Key, digest: &Digest) -> bool {
        let known = self.known();
        known
            .secrets
            .get(key)
            .is_some_and(|secrets| secrets.include(digest))
    }

    fn note(&self, key: &Key, record: &Record) {
        let mut known = self.known();
        known.secrets.insert(*key, record.secrets.clone());
    }
}

/// Returns the plain id of a handle.
pub(crate) fn plain(handle: &PublicId) -> Key {
    Key::parse_plain(&handle.to_string()).expect("32 hexadecimal digits are a plain id")
}

#[async_trait]
impl Store for PlainKeys {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: OffsetDateTime,
    ) -> Result<Option<Record>, StoreError> {
        let found = self.store.load(&self.translate(key), secret, now).await?;
        let known = self.known();
        Ok(found.map(|mut record| {
            if let Some(secrets) = known.secrets.get(key) {
                record.secrets.present = secrets.present;
                record.secrets.remembered.clone_from(&secrets.remembered);
            }
            record
        }))
    }

    async fn write(
        &self,
        command: Command<'_>,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let key = &self.translate(command.key());
        let to;
        let written = match command {
            Command::Insert { record, .. } => Command::Insert { key, record },
            Command::Replace {
                expected, record, ..
            } => Command::Replace {
                key,
                expected,
                record,
            },
            Command::Touch {
                expected,
                seen,
                expires,
                ..
            } => Command::Touch {
                key,
                expected,
                seen,
                expires,
            },
            Command::Delete {
                key: ours,
                only: Only::Opened(digest),
            } if !self.opens(ours, digest) => return Ok(Outcome::Applied),
            Command::Delete { only, .. } => Command::Delete { key, only },
            Command::Move {
                to: new,
                expected,
                record,
                ..
            } => {
                to = self.translate(new);
                let to = &to;
                Command::Move {
                    key,
                    to,
                    expected,
                    record,
                }
            }
        };
        let outcome = self.store.write(written, now).await?;
        if let (
            Outcome::Applied,
            Command::Insert { key, record }
            | Command::Replace { key, record, .. }
            | Command::Move {
                to: key, record, ..
            },
        ) = (outcome, command)
        {
            self.note(key, record);
        }
        Ok(outcome)
    }

    async fn sweep(&self, now: OffsetDateTime, limit: usize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: OffsetDateTime,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let from = from.map(|from| plain(from).public_id());
        let mut devices = self.store.devices(owner, from.as_ref(), now, limit).await?;
        let known = self.known();
        for device in &mut devices {
            device.public_id = known.handles[&device.public_id];
        }
        Ok(devices)
    }

    async fn revoke(
        &self,
        owner: &str,
        which: Revoke<'_>,
        now: OffsetDateTime,
    ) -> Result<usize, StoreError> {
        let handle = |handle: &PublicId| plain(handle).public_id();
        match which {
            Revoke::All => self.store.revoke(owner, Revoke::All, now).await,
            Revoke::AllBut(kept) => {
                let kept = &handle(kept);
                self.store.revoke(owner, Revoke::AllBut(kept), now).await
            }
            Revoke::One(one) => {
                let one = &handle(one);
                self.store.revoke(owner, Revoke::One(one), now).await
            }
        }
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }

    fn id_form(&self) -> IdForm {
        IdForm::Plain
    }

    fn value_rule(&self) -> ValueRule {
        self.store.value_rule()
    }
}
