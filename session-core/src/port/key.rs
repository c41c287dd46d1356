use std::fmt;

use crate::PublicId;

/// A store's name of a session: 16 random bytes, the same for as long as the session lives.
///
/// It is the record's primary key. The browser presents it as the first part of its
/// [`Id`](crate::Id); alone it opens nothing, because a session is opened by the secret that follows
/// it. So a key may stand in a database, an index, a URL and, as a [handle](Self::public_id), in a log.
/// `Debug` hides it.
///
/// Keys are drawn at random, so a store may use their bytes as a hash.
///
/// ```
/// use session_core::{Key, PublicId};
///
/// let key = Key::from_bytes(&[7; 16]).unwrap();
/// assert_eq!(key.as_bytes(), [7; 16]);
/// assert_eq!(key.public_id(), PublicId::from_bytes([7; 16]));
/// assert_eq!(format!("{key:?}"), "Key(…)");
/// assert_eq!(Key::from_bytes(b"short"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Reads the bytes that a store kept; `None` if they are no key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes that a store keeps, at most 40.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the handle under which the session's owner sees it.
    #[must_use]
    pub fn public_id(&self) -> PublicId {
        PublicId::from_bytes(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
