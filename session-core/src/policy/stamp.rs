use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

use super::domain::{half, mac};
use crate::Digest;

/// The application's key for [stamps](Stamp): 32 random bytes or more, apart from the database.
///
/// To change it, go on checking with stamps of both keys
/// ([`check_credential`](crate::Session::check_credential) takes several) until the sessions of the old one are over.
/// `Debug` hides it.
#[derive(Clone)]
pub struct StampKey(Hmac<Sha256>);

/// A key of stamps that can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a key of stamps has at least 32 bytes, this has {length}; generate one, as by `openssl rand -hex 32`"
)]
#[non_exhaustive]
pub struct StampKeyError {
    /// The length in bytes.
    pub length: usize,
}

/// A stamp of an owner's credential: other than before once the credential has changed.
///
/// Make it of what the application stores of the credential, such as the password's hash or a version number, never of
/// the password. A login that stores a new hash (because the parameters of hashing have changed) makes it of that one,
/// or the fresh login is over at its next request. Compared in constant time; `Debug` hides it.
///
/// ```
/// use session_core::StampKey;
///
/// let key = StampKey::new(&[7; 32])?;
/// let stamp = key.stamp("ada", b"$argon2id$v=19$1");
/// assert_eq!(stamp, key.stamp("ada", b"$argon2id$v=19$1"));
/// assert_ne!(stamp, key.stamp("ada", b"$argon2id$v=19$2"));
/// assert_ne!(stamp, key.stamp("bob", b"$argon2id$v=19$1"));
/// assert!(StampKey::new(b"short").is_err());
/// # Ok::<(), session_core::StampKeyError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp(Digest);

impl StampKey {
    /// Takes a key.
    ///
    /// # Errors
    ///
    /// It has less than 32 bytes.
    pub fn new(key: &[u8]) -> Result<Self, StampKeyError> {
        if key.len() < 32 {
            return Err(StampKeyError { length: key.len() });
        }
        Ok(Self(mac(key)))
    }

    /// Makes the stamp of an owner's credential.
    #[must_use]
    pub fn stamp(&self, owner: &str, credential: &[u8]) -> Stamp {
        let mac = self.0.clone();
        let bytes: [u8; 32] = mac
            .chain_update(b"credential\0")
            .chain_update((owner.len() as u64).to_be_bytes())
            .chain_update(owner)
            .chain_update(credential)
            .finalize()
            .into_bytes()
            .into();
        Stamp(Digest::new(half(&bytes)))
    }
}

impl Stamp {
    pub(crate) fn digest(&self) -> Digest {
        self.0
    }
}

impl fmt::Debug for StampKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StampKey(…)")
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stamp(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with Python's hmac.
    #[test]
    fn the_formula_is_that_of_the_protocol() {
        let stamp = StampKey::new(&[7; 32]).unwrap().stamp("ada", b"hash");
        let text = format!("{:032x}", u128::from_be_bytes(*stamp.digest().as_bytes()));
        assert_eq!(text, "b92e24501a9e0de7608449f5aae863c7");
    }

    #[test]
    fn where_the_owner_ends_matters() {
        let key = StampKey::new(&[7; 40]).unwrap();
        assert_ne!(key.stamp("ab", b"c"), key.stamp("a", b"bc"));
        let short = StampKey::new(&[7; 31]).unwrap_err();
        assert!(short.length == 31 && short.to_string().contains("openssl"));
        assert_eq!(
            format!("{key:?} {:?}", key.stamp("a", b"b")),
            "StampKey(…) Stamp(…)"
        );
    }
}
