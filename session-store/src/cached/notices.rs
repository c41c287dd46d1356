use async_trait::async_trait;
use session_core::{Key, Store, StoreError};

/// A store that sends notices of writes.
///
/// [`CachedStore::listening`](crate::CachedStore::listening) takes one. `RedisStore` and
/// `PostgresStore` are such stores; MySQL and SQLite have no notifications.
#[async_trait]
pub trait Notifies: Store {
    /// Begins to listen.
    ///
    /// Every write of any node that takes effect after the return leads to a notice.
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError>;
}

/// A stream of notices, which ends when it is dropped.
#[async_trait]
pub trait Notices: Send {
    /// Waits for the next notice.
    ///
    /// An error means that notices may be missing from here on, as after a lost connection; the
    /// caller then drops the stream. A connection that is dead but was never closed must become an
    /// error within seconds.
    async fn next(&mut self) -> Result<Notice, StoreError>;
}

/// A write that has taken effect in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Any session may have changed.
    All,
    /// The session under this key was written or removed.
    Key(Key),
    /// Some sessions of this owner were removed.
    Owner(String),
}
