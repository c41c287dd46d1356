//! Sequences of commands: every store does what the reference does.

use std::sync::Arc;

use session_core::{Command, Cursor, Key, Moment, Only, Record, Revision, Revoke, Store, Whose};
use session_store::{CachedStore, MemoryStore};
use session_testkit::{ModelStore, digest_of, key_of, moment_at};

use crate::Draw;
use crate::draw::{KEYS, NAMES};
use crate::rig::Rig;

/// Gives the same drawn commands to four stores, and compares all that they tell.
pub fn store_commands(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let rig = Rig::take();
    let model = ModelStore::new();
    let stores: [Arc<dyn Store>; 3] = [
        Arc::new(MemoryStore::new()),
        Arc::new(rig.store.clone()),
        Arc::new(CachedStore::new(Arc::new(MemoryStore::new()))),
    ];
    rig.runtime.block_on(async {
        let mut history = History {
            model,
            stores,
            now: 0,
        };
        for _ in 0..STEPS {
            if draw.is_empty() {
                break;
            }
            history.step(&mut draw).await;
            history.compare_records().await;
        }
        history.compare_lists(&mut draw).await;
    });
}

struct History {
    model: ModelStore,
    stores: [Arc<dyn Store>; 3],
    now: i64,
}

impl History {
    async fn step(&mut self, draw: &mut Draw<'_>) {
        self.now += i64::try_from(draw.below(4)).unwrap_or_default();
        let (now, key) = (self.now(), &draw.key());
        match draw.below(12) {
            0..=2 => {
                let record = &draw.record();
                // The key of an expired record may count as taken or not.
                let only = Only::Over(now);
                self.both(Command::Delete { key, only }).await;
                self.both(Command::Insert { key, record }).await;
            }
            3..=5 => {
                let expected = self.expected(draw, key).await;
                let record = &draw.record();
                self.both(Command::Replace {
                    key,
                    expected,
                    record,
                })
                .await;
            }
            6..=7 => {
                let expected = self.expected(draw, key).await;
                let (seen, expires) = (draw.moment(), draw.moment());
                self.both(Command::Touch {
                    key,
                    expected,
                    seen,
                    expires,
                })
                .await;
            }
            8..=9 => {
                let digest = &draw.digest();
                let only = match draw.below(3) {
                    0 => Only::Always,
                    1 => Only::Opened(digest),
                    _ => Only::Over(draw.moment()),
                };
                self.both(Command::Delete { key, only }).await;
            }
            10 => {
                let most = self.model.sweep(now, 100).await.expect("it never fails");
                for store in &self.stores {
                    // A store may have freed expired records before.
                    let swept = store.sweep(now, 100).await.expect("it can be written");
                    assert!(swept <= most, "{store:?} swept {swept} of {most}");
                }
            }
            _ => self.revoke(draw).await,
        }
    }

    async fn revoke(&self, draw: &mut Draw<'_>) {
        let (now, name, one) = (self.now(), draw.name(), draw.key().public_id());
        let whose = match draw.below(6) {
            0 => Whose::Owner(&name, Revoke::All),
            1 => Whose::Owner(&name, Revoke::AllBut(&one)),
            2 => Whose::Owner(&name, Revoke::One(&one)),
            3 => Whose::Everybody,
            _ => Whose::Tag(&name),
        };
        let expected = self.model.revoke(whose, now).await.expect("it never fails");
        for store in &self.stores {
            let revoked = store.revoke(whose, now).await.expect("it can be written");
            assert_eq!(revoked, expected, "{store:?}: {whose:?} of {name:?}");
        }
    }

    async fn both(&self, command: Command<'_>) {
        let now = self.now();
        let expected = self
            .model
            .write(command, now)
            .await
            .expect("it never fails");
        for store in &self.stores {
            let outcome = store.write(command, now).await.expect("it can be written");
            assert_eq!(outcome, expected, "{store:?}: {command:?}");
        }
    }

    /// Returns mostly the stored revision.
    async fn expected(&self, draw: &mut Draw<'_>, key: &Key) -> Revision {
        match self.live(&self.model, key).await {
            Some(record) if !draw.one_in(5) => record.revision,
            _ => Revision::from_i64(draw.small()),
        }
    }

    async fn compare_records(&self) {
        for number in 0..KEYS as u64 {
            let key = key_of(number);
            let expected = self.live(&self.model, &key).await;
            for store in &self.stores {
                assert_eq!(self.live(&**store, &key).await, expected, "{store:?}");
            }
        }
    }

    async fn compare_lists(&self, draw: &mut Draw<'_>) {
        let (now, from, limit) = (self.now(), draw.key().public_id(), 1 + draw.below(KEYS));
        for owner in NAMES {
            for (from, limit) in [(None, 100), (Some(&from), limit)] {
                let expected = self.model.devices(owner, from, now, limit).await;
                let expected = expected.expect("it never fails");
                for store in &self.stores {
                    let devices = store.devices(owner, from, now, limit).await;
                    assert_eq!(devices.expect("it can be read"), expected, "{store:?}");
                }
            }
        }
        let expected = self.walk(&self.model).await;
        for store in &self.stores {
            assert_eq!(self.walk(&**store).await, expected, "{store:?}");
        }
    }

    /// Returns the record under a key unless it is over, which a store may have freed.
    async fn live(&self, store: &dyn Store, key: &Key) -> Option<Record> {
        let found = store.load(key, &digest_of(0), self.now()).await;
        let found = found.expect("it can be read");
        found.filter(|record| record.expires > self.now())
    }

    /// Goes through all sessions that are not over, in batches of two.
    async fn walk(&self, store: &dyn Store) -> Vec<(Key, Record)> {
        let (mut all, mut from) = (Vec::new(), Cursor::default());
        loop {
            let batch = store
                .walk(&from, 2, self.now())
                .await
                .expect("it can be read");
            assert_eq!(batch.unreadable, 0, "{store:?}");
            all.extend(batch.sessions);
            match batch.next {
                Some(next) => from = next,
                None => break,
            }
        }
        all.retain(|(_, record)| record.expires > self.now());
        all.sort_by_key(|(key, _)| *key);
        all
    }

    fn now(&self) -> Moment {
        moment_at(self.now)
    }
}

/// The longest history.
const STEPS: usize = 30;
