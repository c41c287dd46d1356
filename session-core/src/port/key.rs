use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest as _, Sha256};

use super::plain_id::PlainId;
use crate::PublicId;

/// A store's name of a session: 16 random bytes, the same for as long as the session lives.
///
/// It is the record's primary key. The browser presents it as the first part of its
/// [`Id`](crate::Id); alone it opens nothing, because a session is opened by the secret that follows
/// it. So a key may stand in a database, an index, a URL and, as a [handle](Self::public_id), in a log.
/// `Debug` hides it.
///
/// Where ids are [plain](crate::IdForm::Plain) the key is the whole id, and another one after each
/// change of the id: who has read the table has every session.
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Form);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Random([u8; Key::BYTES]),
    Plain(PlainId),
}

impl Key {
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(Form::Random(bytes))
    }

    pub(crate) fn from_plain(id: PlainId) -> Self {
        Self(Form::Plain(id))
    }

    /// Reads the bytes that a store kept; `None` if they are no key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// Reads a key that is a whole id; `None` for anything but 8 to 40 of `[a-z0-9]`.
    ///
    /// ```
    /// use session_core::Key;
    ///
    /// let key = Key::parse_plain("ka6l9k0mzz8l6qvgbzrf5hd3yk7ovl2x").unwrap();
    /// assert_eq!(key.plain(), Some("ka6l9k0mzz8l6qvgbzrf5hd3yk7ovl2x"));
    /// assert_eq!(Key::parse_plain("short"), None);
    /// ```
    #[must_use]
    pub fn parse_plain(text: &str) -> Option<Self> {
        PlainId::parse(text.as_bytes()).map(Self::from_plain)
    }

    /// Returns the bytes that a store keeps, at most 40.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Random(bytes) => bytes,
            Form::Plain(id) => id.as_bytes(),
        }
    }

    /// Returns the key as text if it is a whole id. To know it is to be that visitor.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match &self.0 {
            Form::Random(_) => None,
            Form::Plain(id) => Some(id.as_str()),
        }
    }

    /// Returns the handle under which the session's owner sees it: the key's bytes, or a digest of a
    /// key that is a whole id.
    #[must_use]
    #[inline]
    pub fn public_id(&self) -> PublicId {
        PublicId::from_bytes(match &self.0 {
            Form::Random(bytes) => *bytes,
            Form::Plain(id) => {
                let hash = Sha256::new()
                    .chain_update(b"handle\0")
                    .chain_update(id.as_bytes())
                    .finalize();
                let mut half = [0; Self::BYTES];
                half.copy_from_slice(&hash[..Self::BYTES]);
                half
            }
        })
    }
}

/// Only the bytes count, so that a hasher may take the first of them.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handle_of_a_plain_key_does_not_lead_back_to_it() {
        let key = Key::parse_plain("abcdefghijklmnop").unwrap();
        assert_ne!(key.public_id().as_bytes(), key.as_bytes());
        // Computed with Python's hashlib.
        let handle = "5ef6d11de57618da8dec8f8a8b5e637f";
        assert_eq!(key.public_id().to_string(), handle);
        let twin = Key::from_bytes(b"abcdefghijklmnop").unwrap();
        assert_ne!(key, twin);
        assert_eq!(twin.plain(), None);
    }
}
