use std::fmt;
use std::ops::Deref;

use async_trait::async_trait;
use session_core::{
    Batch, Command, Cursor, Device, Digest, IdForm, Key, Moment, Outcome, PublicId, Record, Store,
    StoreError, StoreFacts, ValueRule, Whose,
};

/// A store that differs from another one in a method or two, for tests: the others are the inner store's.
///
/// [`Wrapped`] makes a [`Store`] of it. Each method returns what the store's method of that name does, errors included.
///
/// ```
/// use session_core::{Moment, Store, StoreError};
/// use session_testkit::{Around, ModelStore, Wrapped};
///
/// #[derive(Debug)]
/// struct Unswept(ModelStore);
///
/// #[async_trait::async_trait]
/// impl Around for Unswept {
///     fn store(&self) -> &dyn Store {
///         &self.0
///     }
///
///     async fn sweep(&self, _: Moment, _: usize) -> Result<usize, StoreError> {
///         Err(StoreError::new("nobody sweeps here"))
///     }
/// }
///
/// let store = Wrapped(Unswept(ModelStore::new()));
/// assert!(pollster::block_on(store.sweep(Moment::UNIX_EPOCH, 1)).is_err());
/// assert!(pollster::block_on(store.check()).is_ok());
/// ```
#[async_trait]
pub trait Around: fmt::Debug + Send + Sync + 'static {
    /// Returns the inner store.
    fn store(&self) -> &dyn Store;

    /// See [`Store::load`].
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.store().load(key, secret, now).await
    }

    /// See [`Store::write`].
    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.store().write(command, now).await
    }

    /// See [`Store::sweep`].
    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.store().sweep(now, limit).await
    }

    /// See [`Store::devices`].
    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.store().devices(owner, from, now, limit).await
    }

    /// See [`Store::revoke`].
    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.store().revoke(whose, now).await
    }

    /// See [`Store::changed`].
    async fn changed(&self, key: &Key) {
        self.store().changed(key).await;
    }
}

/// A [`Store`] of what is [around](Around) one.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "it only wraps")]
pub struct Wrapped<T>(pub T);

impl<T> Deref for Wrapped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[async_trait]
impl<T: Around> Store for Wrapped<T> {
    async fn load(
        &self,
        key: &Key,
        secret: &Digest,
        now: Moment,
    ) -> Result<Option<Record>, StoreError> {
        self.0.load(key, secret, now).await
    }

    async fn write(&self, command: Command<'_>, now: Moment) -> Result<Outcome, StoreError> {
        self.0.write(command, now).await
    }

    async fn sweep(&self, now: Moment, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(now, limit).await
    }

    async fn devices(
        &self,
        owner: &str,
        from: Option<&PublicId>,
        now: Moment,
        limit: usize,
    ) -> Result<Vec<Device>, StoreError> {
        self.0.devices(owner, from, now, limit).await
    }

    async fn revoke(&self, whose: Whose<'_>, now: Moment) -> Result<usize, StoreError> {
        self.0.revoke(whose, now).await
    }

    async fn changed(&self, key: &Key) {
        self.0.changed(key).await;
    }

    async fn walk(&self, from: &Cursor, limit: usize, now: Moment) -> Result<Batch, StoreError> {
        self.0.store().walk(from, limit, now).await
    }

    async fn estimate(&self) -> Result<Option<u64>, StoreError> {
        self.0.store().estimate().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.0.store().check().await
    }

    async fn facts(&self) -> Result<StoreFacts, StoreError> {
        self.0.store().facts().await
    }

    fn id_form(&self) -> IdForm {
        self.0.store().id_form()
    }

    fn value_rule(&self) -> ValueRule {
        self.0.store().value_rule()
    }

    async fn close(&self) {
        self.0.store().close().await;
    }
}
