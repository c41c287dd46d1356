use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Only, Outcome, PublicId, Record,
    Revoke, Secrets, Store, StoreError, ValueRule, Whose,
};

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
        now: Moment,
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

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
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

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
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

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        let Whose::Owner(owner, which) = whose else {
            return self.store.revoke(whose, now).await;
        };
        let handle = match which {
            Revoke::All => return self.store.revoke(whose, now).await,
            Revoke::AllBut(handle) | Revoke::One(handle) => &plain(handle).public_id(),
        };
        let which = match which {
            Revoke::AllBut(_) => Revoke::AllBut(handle),
            _ => Revoke::One(handle),
        };
        self.store.revoke(Whose::Owner(owner, which), now).await
    }

    async fn changed(&self, key: &Key) {
        self.store.changed(&self.translate(key)).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        let mut batch = self.store.walk(from, limit, now).await?;
        let known = self.known();
        for (key, _) in &mut batch.sessions {
            let handle = known.handles[&key.public_id()];
            *key = Key::from_bytes(handle.as_bytes()).expect("a handle has the bytes of a key");
        }
        Ok(batch)
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.store.estimate().await
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
