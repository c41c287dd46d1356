use std::fmt;

use thiserror::Error;

/// A source of unguessable bytes.
///
/// Tests inject a counter; applications use [`OsEntropy`].
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills the buffer.
    ///
    /// # Errors
    ///
    /// The source failed; nothing that was asked for may be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has no fields")]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(bytes).map_err(|cause| EntropyError(cause.to_string()))
    }
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("no random bytes for a session id: {0}")]
#[allow(
    clippy::exhaustive_structs,
    reason = "an application's source makes it"
)]
pub struct EntropyError(
    /// The source's own message.
    pub String,
);
