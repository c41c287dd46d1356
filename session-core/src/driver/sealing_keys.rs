use std::fmt;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::Mac;
use thiserror::Error;

use crate::policy::domain::mac;

/// The keys of [sealed](super::sealed::Sealed) sessions: the first seals, the others still open.
///
/// A key is secret text or bytes, of 32 at least; generate it, as by `openssl rand -hex 32`.
///
/// To change keys without logging anybody out, in a deploy of one server after the other:
/// 1. Give every server the new key behind the old one. None seals with it yet, so what any of them
///    seals, all can open.
/// 2. Give every server the new key in front of the old one.
/// 3. When no session can be left that the old key has sealed, remove it. A session in use is sealed
///    anew when its life is extended, so after the policy's `idle` there is none, but for lifetimes of a
///    session's own, and for [`touch_never`](crate::PolicyBuilder::touch_never).
///
/// A key that has leaked is removed at once: its sessions end.
///
/// ```
/// use session_core::SealingKeys;
///
/// let keys = SealingKeys::new("a new key of 32 characters or more")?;
/// let keys = keys.open_also("the key before it, which is as long")?;
/// assert_eq!(keys.count(), 2);
/// assert!(SealingKeys::new("too short").is_err());
/// # Ok::<(), session_core::SealingKeyError>(())
/// ```
#[derive(Clone)]
pub struct SealingKeys(Vec<XChaCha20Poly1305>);

/// The key can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a sealing key has 32 bytes at least, this has {length}; generate one, as by `openssl rand -hex 32`"
)]
#[non_exhaustive]
pub struct SealingKeyError {
    /// The key's length in bytes.
    pub length: usize,
}

impl SealingKeys {
    /// Takes the key that seals.
    ///
    /// # Errors
    ///
    /// It is shorter than 32 bytes.
    pub fn new(key: impl AsRef<[u8]>) -> Result<Self, SealingKeyError> {
        Self(Vec::new()).open_also(key)
    }

    /// Takes one more key, behind those before it, which opens and does not seal.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn open_also(mut self, key: impl AsRef<[u8]>) -> Result<Self, SealingKeyError> {
        self.0.push(cipher(key.as_ref())?);
        Ok(self)
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Seals a text that is [bound]: a nonce, the cipher's text and its tag. `None` if the text is too long for the cipher.
    pub(super) fn seal(&self, nonce: [u8; NONCE], aad: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let sealed = self
            .0
            .first()?
            .encrypt(&XNonce::from(nonce), Payload { msg: text, aad });
        Some([&nonce[..], &sealed.ok()?].concat())
    }

    /// Opens what one of the keys has sealed, [bound] to the same; nothing of it is looked at before the tag is right.
    pub(super) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE>()?;
        let nonce = XNonce::from(*nonce);
        let mut keys = self.0.iter();
        keys.find_map(|key| key.decrypt(&nonce, Payload { msg, aad }).ok())
    }
}

/// Binds a text to its purpose and to the cookie's name, so that it opens under no other.
pub(super) fn bound(name: &str) -> Box<[u8]> {
    [b"session, sealed, 1\0", name.as_bytes()].concat().into()
}

fn cipher(key: &[u8]) -> Result<XChaCha20Poly1305, SealingKeyError> {
    if key.len() < SHORTEST {
        let length = key.len();
        return Err(SealingKeyError { length });
    }
    // Keys may be text of any length; whoever uses the same text elsewhere has another key there.
    let key: [u8; 32] = mac(key)
        .chain_update(b"session, sealed, 1")
        .finalize()
        .into_bytes()
        .into();
    Ok(XChaCha20Poly1305::new(&key.into()))
}

/// 192 random bits are never drawn twice.
pub(super) const NONCE: usize = 24;

const SHORTEST: usize = 32;

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKeys({} keys)", self.count())
    }
}
