use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use session_core::{
    Command, Device, Digest, Key, Moment, Outcome, PublicId, Record, Store, StoreError, Whose,
};
use tokio::sync::OnceCell;

/// Opens a store in the runtime where it is called.
pub type Open =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Store>, StoreError>> + Send + Sync>;

/// A store that its first call opens, in the runtime of that call.
pub struct Late {
    open: Open,
    store: OnceCell<Arc<dyn Store>>,
}

impl Late {
    pub fn new(open: Open) -> Self {
        let store = OnceCell::new();
        Self { open, store }
    }

    async fn store(&self) -> Result<&Arc<dyn Store>, StoreError> {
        self.store.get_or_try_init(|| (self.open)()).await
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Late")
    }
}

#[async_trait]
impl Store for Late {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.store().await?.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.store().await?.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.store().await?.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        let store = self.store().await?;
        store.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.store().await?.revoke(whose, now).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.store().await?.check().await
    }
}
