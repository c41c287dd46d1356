//! The suite of stores, with each session in each of the places in which it can be, and in both steps.

use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, Key, Moment, Only, Outcome, PublicId, Record, Store,
    StoreError, Whose,
};
use session_store::Moving;
use session_testkit::{ModelStore, digest_of, moment_at, store_cases};

use crate::seeds::Seed;

#[cfg(feature = "sqlite")]
mod on_sqlite;

/// A node whose sessions are put where the seed says as soon as they have begun.
#[derive(Debug)]
struct Seeded {
    node: Moving,
    stores: [ModelStore; 2],
    seed: Seed,
    begun: Mutex<HashSet<Key>>,
}

impl Seeded {
    fn new(seed: Seed, is_preparing: bool) -> Self {
        let stores = [ModelStore::new(), ModelStore::new()];
        let [old, new] = stores
            .clone()
            .map(|store| Arc::new(store) as Arc<dyn Store>);
        let node = if is_preparing {
            Moving::preparing(old, new)
        } else {
            Moving::new(old, new)
        };
        Self {
            node: node.unwrap(),
            stores,
            seed,
            begun: Mutex::default(),
        }
    }

    /// Lets each session have a request: no list has one that is claimed.
    async fn visit(&self, now: Moment) -> Result<(), StoreError> {
        if self.seed == Seed::Claimed {
            let begun: Vec<_> = self.begun.lock().unwrap().iter().copied().collect();
            for key in begun {
                self.node.load(&key, &digest_of(0), now).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Seeded {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.node.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        let Command::Insert { key, record } = command else {
            return self.node.write(command, now).await;
        };
        let outcome = self.node.write(command, now).await?;
        // A mover takes neither a closed session nor one that is over.
        let is_movable = !record.closed && record.expires > moment_at(0);
        if outcome == Outcome::Applied && is_movable && self.begun.lock().unwrap().insert(*key) {
            let alone = [ModelStore::new(), ModelStore::new()];
            self.seed.put((&alone[0], &alone[1]), key, record);
            for (store, from) in self.stores.iter().zip(&alone) {
                let only = Only::Always;
                store.write(Command::Delete { key, only }, now).await?;
                let found = from.load(key, &digest_of(0), now).await?;
                if let Some(record) = &found {
                    store.write(Command::Insert { key, record }, now).await?;
                }
            }
        }
        Ok(outcome)
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        // What is over in both would be counted twice.
        let old = &self.stores[0];
        let all = old.walk(&Cursor::default(), usize::MAX, now).await?;
        for (key, record) in &all.sessions {
            if record.data.starts_with("{\"moving\"") && self.seed == Seed::MovedAndMarked {
                let only = Only::Over(now);
                old.write(Command::Delete { key, only }, now).await?;
            }
        }
        self.node.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.visit(now).await?;
        self.node.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.visit(now).await?;
        self.node.revoke(whose, now).await
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.node.walk(from, limit, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.node.check().await
    }
}

#[test]
fn the_suite_passes_wherever_a_session_is() {
    for seed in Seed::ALL {
        for is_preparing in [true, false] {
            let mut failed = BTreeSet::new();
            for case in store_cases() {
                let store = Arc::new(Seeded::new(seed, is_preparing));
                let run = AssertUnwindSafe(|| pollster::block_on(case.run(store)));
                if catch_unwind(run).is_err() {
                    failed.insert(case.name());
                }
            }
            assert_eq!(
                failed,
                BTreeSet::new(),
                "{seed:?}, preparing: {is_preparing}"
            );
        }
    }
}
