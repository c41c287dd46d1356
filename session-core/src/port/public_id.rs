use std::fmt;

/// The handle under which an owner sees one of their sessions in a list of devices; it opens nothing.
///
/// It stays the same when the session's secret is rotated or its owner re-authenticates, and is
/// another one after a sign-in, and where ids are [plain](crate::IdForm::Plain) after each change of the
/// id. (ASVS 5.0, 7.5.2.)
///
/// ```
/// use session_core::PublicId;
///
/// let handle = PublicId::from_bytes([7; 16]);
/// assert_eq!(PublicId::parse(&handle.to_string()), Some(handle));
/// assert_eq!(PublicId::parse("nonsense"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicId([u8; 16]);

impl PublicId {
    /// Takes the handle's 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads what `Display` wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|bits| Self(bits.to_be_bytes()))
    }

    /// Returns the handle's 16 bytes, which are those of the session's [`Key`](crate::Key) except
    /// where a key is a secret.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicId({self})")
    }
}
