use std::fmt;
use std::hash::{Hash, Hasher};

use sha2::{Digest, Sha256};

use crate::Id;

/// What a store knows a session by.
///
/// Stores keep [`digest`](Self::digest), the SHA-256 of the id, so that whoever reads a leaked
/// table can present nothing. A store that shares a table with a system that keeps ids in clear
/// (Django) takes [`id`](Self::id) instead. A plain hash is enough: an id has 160 random bits.
///
/// ```
/// use session_core::{Id, Key};
///
/// let key = Key::of(Id::parse(b"abcdefghijklmnopqrstuvwxyz234567").unwrap());
/// assert_eq!(key.digest()[..4], [0x84, 0xcb, 0x29, 0xb2]);
/// assert_eq!(format!("{key:?}"), "Key(…)");
/// ```
#[derive(Clone, Copy)]
pub struct Key {
    /// None of a session that was found under another's name.
    id: Option<Id>,
    digest: [u8; 32],
}

impl Key {
    /// Computes the key of an id.
    #[must_use]
    pub fn of(id: Id) -> Self {
        let digest = Sha256::digest(id.expose()).into();
        let id = Some(id);
        Self { id, digest }
    }

    /// Takes the digest that a store kept, for [`Found::Moved`](crate::Found::Moved).
    #[must_use]
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self { id: None, digest }
    }

    /// Returns the SHA-256 of the id, the form that belongs in a database.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the id itself; a store that keeps it keeps live logins in clear.
    ///
    /// None of a key that was made [of a digest](Self::from_digest): nobody presented its id.
    #[must_use]
    pub fn id(&self) -> Option<&Id> {
        self.id.as_ref()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
