use std::sync::Arc;

use async_trait::async_trait;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use session_store::{Notices, Notifies};
use session_testkit::SpyStore;

/// A wrapper that counts the calls of a store and forwards its notices.
#[derive(Debug, Clone)]
pub(crate) struct Watched {
    store: Arc<dyn Notifies>,
    pub(crate) spy: SpyStore,
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn Notifies>) -> Self {
        let spy = SpyStore::shared(Arc::clone(&store) as Arc<dyn Store>);
        Self { store, spy }
    }
}

#[async_trait]
impl Notifies for Watched {
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError> {
        self.store.listen().await
    }
}

#[async_trait]
impl Store for Watched {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.spy.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.spy.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.spy.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.spy.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.spy.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.spy.check().await
    }
}
