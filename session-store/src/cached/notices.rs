use async_trait::async_trait;
use session_core::{Store, StoreError};

/// A store that can tell what others write to it, for
/// [`CachedStore::listening`](crate::CachedStore::listening).
///
/// `RedisStore` and `PostgresStore` are such stores. MySQL and SQLite have nothing of the kind.
#[async_trait]
pub trait Notifies: Store {
    /// Begins to listen: what takes effect after the answer is told, by whomever it was written.
    async fn listen(&self) -> Result<Box<dyn Notices>, StoreError>;
}

/// What others write, as it happens; it stops listening when it is dropped.
#[async_trait]
pub trait Notices: Send {
    /// Waits for the next notice.
    ///
    /// An error means that some may be missing from here on, as after a lost connection. It has to
    /// come within some seconds, also when nobody has closed the connection; then it is dropped.
    async fn next(&mut self) -> Result<Notice, StoreError>;
}

/// Something that has taken effect in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Nobody knows what has changed.
    All,
    /// The session was written, moved or ended that was under the key of this
    /// [`digest`](session_core::Key::digest).
    Key([u8; 32]),
    /// Some of an owner's sessions were ended.
    Owner(String),
}
