use crate::Moment;
use std::fmt;

/// The digests of the secrets that open a session.
///
/// A store keeps every field as it is and compares none. (A copy, such as a cache or a replica,
/// compares [`present`](Self::present); see [`Store::load`](crate::Store::load).)
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Secrets {
    /// The digest of the present secret.
    pub present: Digest,
    /// The moment at which the present secret was issued.
    pub issued: Moment,
    /// The secret before it; `None` before the first rotation.
    pub remembered: Option<Remembered>,
}

impl Secrets {
    /// The secret of a session that was never rotated.
    #[must_use]
    pub fn new(present: Digest, issued: Moment) -> Self {
        Self {
            present,
            issued,
            remembered: None,
        }
    }

    /// Says whether a digest is that of the present secret or of a remembered one, whatever the
    /// clock says: the condition of [`Only::Opened`](crate::Only::Opened).
    #[must_use]
    pub fn include(&self, digest: &Digest) -> bool {
        let remembered = self.remembered.as_ref();
        self.present == *digest || remembered.is_some_and(|known| known.includes(digest))
    }
}

/// The secret before the present one, which opens the session for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remembered {
    /// Its digest.
    pub digest: Digest,
    /// The digest of the secret before that, if it was still in use when the owner re-authenticated.
    pub earlier: Option<Digest>,
    /// The end of the grace in which they open the session whatever has happened.
    pub until: Moment,
    /// The salt from which the present secret was derived; `None` once that has been presented.
    pub salt: Option<Salt>,
}

impl Remembered {
    /// A secret that was rotated, whose successor was presented.
    #[must_use]
    pub fn new(digest: Digest, until: Moment) -> Self {
        Self {
            digest,
            earlier: None,
            until,
            salt: None,
        }
    }

    pub(crate) fn includes(&self, digest: &Digest) -> bool {
        self.digest == *digest || self.earlier.as_ref() == Some(digest)
    }
}

/// 16 bytes of the SHA-256 of a session's secret, bound to its key and to the cookie's name.
///
/// Compared in constant time; `Debug` hides it.
///
/// ```
/// use session_core::Digest;
///
/// let digest = Digest::from_bytes(&[7; 16]).unwrap();
/// assert_eq!(digest.as_bytes(), &[7; 16]);
/// assert_eq!(format!("{digest:?}"), "Digest(…)");
/// ```
#[derive(Clone, Copy)]
pub struct Digest([u8; 16]);

impl Digest {
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the bytes that a store kept; `None` if they are not 16.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes that a store keeps.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        let difference = pairs.fold(0, |sum, (one, other)| sum | (one ^ other));
        std::hint::black_box(difference) == 0
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// 16 random bytes from which, together with the secret before it, the present secret is derived.
///
/// `Debug` hides it.
///
/// ```
/// use session_core::Salt;
///
/// let salt = Salt::from_bytes(&[7; 16]).unwrap();
/// assert_eq!(salt.as_bytes(), &[7; 16]);
/// assert_eq!(format!("{salt:?}"), "Salt(…)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt([u8; 16]);

impl Salt {
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the bytes that a store kept; `None` if they are not 16.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes that a store keeps.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}
