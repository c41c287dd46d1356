use async_trait::async_trait;
use session_core::{Key, Store, StoreError};

/// A store that notifies its readers of writes, for
/// [`CachedStore::listening`](crate::CachedStore::listening).
///
/// `RedisStore` and `PostgresStore` are such stores. MySQL and SQLite have nothing of the kind.
#[async_trait]
pub trait Notifies: Store {
    /// Begins to listen: every write that takes effect after the answer is told, whoever made it.
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError>;
}

/// The writes of all nodes, as they happen; it stops listening when it is dropped.
#[async_trait]
pub trait Notices: Send {
    /// Waits for the next notice.
    ///
    /// An error means that some may be missing from here on, as after a lost connection; then this
    /// is dropped. A connection that is dead but was never closed has to be an error within some
    /// seconds too.
    async fn next(&mut self) -> Result<Notice, StoreError>;
}

/// Something that has taken effect in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Anything may have changed.
    All,
    /// The session under this key was written or ended.
    Key(Key),
    /// Some of an owner's sessions were ended.
    Owner(String),
}
