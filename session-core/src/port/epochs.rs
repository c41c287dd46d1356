use std::fmt;

use async_trait::async_trait;

use crate::StoreError;

/// The application's answer to what a cookie can't know: since when an owner's sessions are ended.
///
/// An owner has a number, which is raised to end all of their sessions, as when the password changes. A session keeps the
/// number that it began with; with a lower one it is none.
#[async_trait]
pub trait Epochs: fmt::Debug + Send + Sync + 'static {
    /// Returns an owner's present number; 0 for one who has none.
    ///
    /// It is asked for at each load of a session that has an owner, and when somebody signs in or authenticates again.
    ///
    /// # Errors
    ///
    /// It can't be known; the request is answered with a 503, as if a store had failed.
    async fn epoch(&self, owner: &str) -> Result<u64, StoreError>;
}
