use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::domain::half;

/// A second name by which sessions are found: that of a login at an identity provider.
///
/// It is kept as 16 bytes of a SHA-256, so that a table does not show the provider's `sid`. `Debug` hides it.
/// Two clients of one issuer that share a store add their client id to the issuer's text, or the logout of
/// one ends the other's sessions.
///
/// ```
/// use session_core::Tag;
///
/// let tag = Tag::of("https://login.example", "08a5019c").unwrap();
/// assert_eq!(tag, Tag::of("https://login.example", "08a5019c").unwrap());
/// assert_ne!(Some(&tag), Tag::of("https://login.example0", "8a5019c").as_ref());
/// // A logout token without a `sid` names no session: revoke those of its `sub`, the owner.
/// assert!(Tag::of("https://login.example", "").is_none());
/// assert_eq!(format!("{tag:?}"), "Tag(…)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Tag(Arc<str>);

impl Tag {
    /// Makes the tag of an issuer's (`iss`) session (`sid`); `None` if either is empty.
    ///
    /// Take the `sid` only: what can be guessed, such as an address or the owner's name, can be found by trying.
    /// (`OpenID` Connect Back-Channel Logout 1.0, 2.4.)
    #[must_use]
    pub fn of(issuer: &str, sid: &str) -> Option<Self> {
        if issuer.is_empty() || sid.is_empty() {
            return None;
        }
        let hash: [u8; 32] = Sha256::new()
            .chain_update(b"tag\0")
            .chain_update((issuer.len() as u64).to_be_bytes())
            .chain_update(issuer)
            .chain_update(sid)
            .finalize()
            .into();
        let bits = u128::from_be_bytes(half(&hash));
        Some(Self(format!("{bits:032x}").into()))
    }

    /// Returns the text that a store keeps.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with Python's hashlib.
    #[test]
    fn the_formula_is_that_of_the_protocol() {
        let tag = Tag::of("https://login.example", "08a5019c").unwrap();
        assert_eq!(tag.as_str(), "96b70bde640650b39a811fd1fd1e5921");
    }

    #[test]
    fn where_the_issuer_ends_matters() {
        assert_ne!(Tag::of("ab", "c"), Tag::of("a", "bc"));
        for (issuer, sid) in [("", "c"), ("a", ""), ("", "")] {
            assert_eq!(Tag::of(issuer, sid), None);
        }
    }
}
