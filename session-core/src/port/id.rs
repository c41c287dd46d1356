use std::fmt;

use crate::policy::entropy::{Entropy, EntropyError};

/// The number of characters of a session id.
pub const ID_LENGTH: usize = 32;

/// The secret that a browser presents: 160 random bits in 32 characters of `[a-z2-7]`.
///
/// Whoever knows an id is that visitor, so `Debug` hides it and it has no `Display`.
/// Parsing is wider than generation (`[a-z0-9]{32}`), so that ids made by Django stay valid.
/// Sources: OWASP Session Management, "Session ID Entropy"; ASVS 5.0, 7.2.3.
///
/// ```
/// use session_core::Id;
///
/// let id = Id::parse(b"abcdefghijklmnopqrstuvwxyz234567").unwrap();
/// assert_eq!(id.expose(), "abcdefghijklmnopqrstuvwxyz234567");
/// assert_eq!(format!("{id:?}"), "Id(…)");
/// assert!(Id::parse(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").is_none());
/// assert!(Id::parse(b"short").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id([u8; ID_LENGTH]);

impl Id {
    /// Draws a new id.
    ///
    /// # Errors
    ///
    /// The source of randomness failed.
    pub fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bits = [0; 20];
        entropy.fill(&mut bits)?;
        let mut text = [0; ID_LENGTH];
        encode(&bits, &mut text);
        Ok(Self(text))
    }

    /// Reads an id that a client presented; anything but `[a-z0-9]{32}` is none.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let id: [u8; ID_LENGTH] = text.try_into().ok()?;
        id.iter()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            .then_some(Self(id))
    }

    /// Returns the id in clear, for the cookie and for a store that shares its table with Django.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(…)")
    }
}

/// Names one session of an owner in device lists; it opens nothing.
///
/// 128 random bits that have nothing to do with the id. The handle stays the same when
/// the id is renewed and is drawn anew at sign-in. (ASVS 5.0, 7.5.2.)
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
    pub(crate) fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bits = [0; 16];
        entropy.fill(&mut bits)?;
        Ok(Self(bits))
    }

    /// Takes the bytes that a store kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads what `Display` wrote; anything else is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        u128::from_str_radix(text, 16)
            .ok()
            .map(|bits| Self(bits.to_be_bytes()))
    }

    /// Returns the bytes that a store keeps.
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

/// Writes 5 bits a character, as RFC 4648 base32 does, in lower case.
fn encode(bits: &[u8; 20], text: &mut [u8; ID_LENGTH]) {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    for (five, eight) in bits.chunks_exact(5).zip(text.chunks_exact_mut(8)) {
        let group = five
            .iter()
            .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        for (position, character) in eight.iter_mut().enumerate() {
            let [.., low] = (group >> (35 - 5 * position)).to_be_bytes();
            *character = ALPHABET[usize::from(low & 31)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::entropy::OsEntropy;

    #[test]
    fn ids_are_unique_and_their_characters_uniform() {
        let mut seen = std::collections::HashSet::new();
        let mut counts = [0_u32; 256];
        for _ in 0..100_000 {
            let id = Id::draw(&OsEntropy).unwrap();
            id.0.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
            assert!(seen.insert(id.0));
        }
        let used: Vec<u32> = counts.into_iter().filter(|count| *count > 0).collect();
        assert_eq!(used.len(), 32);
        let expected = 100_000.0;
        let chi2: f64 = used
            .iter()
            .map(|count| (f64::from(*count) - expected).powi(2) / expected)
            .sum();
        // 31 degrees of freedom: one honest run in a hundred million exceeds 100.
        assert!(chi2 < 100.0, "chi² = {chi2}");
    }

    #[test]
    fn encoding_is_base32() {
        let mut text = [0; ID_LENGTH];
        encode(b"foobarfoobarfoobarfo", &mut text);
        assert_eq!(&text[..16], b"mzxw6ytbojtg633c");
    }

    #[test]
    fn what_a_generator_cannot_make_is_no_id() {
        let long = vec![b'a'; 10_000];
        for bad in [
            &b""[..],
            b"abcdefg",
            b"abcdefghijklmnopqrstuvwxyz23456\0",
            b"../../../../../../../etc/passwd0",
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            b"2::e3b0c44298fc1c149afbf4c8996fb9",
            b"abcdefghijklmnopqrstuvwxyz2345678",
            &long,
        ] {
            assert!(Id::parse(bad).is_none(), "{bad:?}");
        }
    }
}
