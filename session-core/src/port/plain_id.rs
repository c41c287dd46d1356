#[cfg(feature = "driver")]
use sha2::{Digest as _, Sha256};

#[cfg(feature = "driver")]
use crate::PublicId;

/// An id of one part: 8 to 40 of `[a-z0-9]`, such as Django's session keys.
///
/// Bytes behind `length` are zero, so that ids of one length compare by the whole array.
#[derive(Clone, Copy, PartialOrd, Ord)]
pub(crate) struct PlainId {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl PlainId {
    /// Django's column is a `varchar(40)`.
    pub(crate) const LONGEST: usize = 40;
    /// Django takes no shorter one.
    const SHORTEST: usize = 8;
    /// The number of characters of a new one: 165 random bits.
    const NEW: usize = 32;
    /// Random bytes for a new one, of which four in 256 can't be used.
    pub(crate) const RANDOM: usize = 56;

    /// Reads an id; `None` if Django would not make such a one.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let is_right = (Self::SHORTEST..=Self::LONGEST).contains(&text.len())
            && text
                .iter()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
        is_right.then(|| Self::of(text))
    }

    /// Makes an id of random bytes; `None`, which happens to nobody, if too few of them can be used.
    pub(crate) fn draw(random: &[u8; Self::RANDOM]) -> Option<Self> {
        let letters = ALPHABET.len();
        // Larger bytes would make the alphabet's first letters more likely.
        let usable = random
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < 256 - 256 % letters);
        let text: Vec<u8> = usable
            .map(|byte| ALPHABET[byte % letters])
            .take(Self::NEW)
            .collect();
        (text.len() == Self::NEW).then(|| Self::of(&text))
    }

    /// Names a text by 128 bits of its digest.
    #[cfg(feature = "driver")]
    pub(crate) fn naming(text: &[u8]) -> Option<Self> {
        let hash: [u8; 32] = Sha256::digest(text).into();
        let (half, _) = hash.split_first_chunk()?;
        Self::parse(PublicId::from_bytes(*half).to_string().as_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn of(text: &[u8]) -> Self {
        let mut bytes = [0; Self::LONGEST];
        bytes[..text.len()].copy_from_slice(text);
        let length = u8::try_from(text.len()).unwrap_or_default();
        Self { bytes, length }
    }
}

/// In constant time.
impl PartialEq for PlainId {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.bytes.iter().zip(&other.bytes);
        let difference = pairs.fold(0, |sum, (one, other)| sum | (one ^ other));
        std::hint::black_box(difference) == 0
    }
}

impl Eq for PlainId {}

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_django_would_not_make_is_no_id() {
        for good in ["a2345678", &"z".repeat(40), &"0".repeat(32)] {
            assert_eq!(PlainId::parse(good.as_bytes()).unwrap().as_str(), good);
        }
        let long = "a".repeat(41);
        for bad in [
            "",
            "a234567",
            &long,
            "A2345678",
            "a234567_",
            "a234567-",
            "a234567\0",
            "a234567é",
            "a23456 8",
            "a234567'",
            "a234567%",
        ] {
            assert!(PlainId::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn each_letter_is_as_likely_and_32_are_drawn() {
        let mut counts = [0; 36];
        for byte in 0..252 {
            let id = PlainId::draw(&[byte; PlainId::RANDOM]).unwrap();
            assert_eq!(id.as_str().len(), 32);
            let letter = id.as_bytes()[0];
            counts[ALPHABET.iter().position(|known| *known == letter).unwrap()] += 1;
        }
        assert_eq!(counts, [7; 36]);
    }

    #[test]
    fn bytes_that_cannot_be_used_are_passed_over() {
        let mut random = [255; PlainId::RANDOM];
        assert!(PlainId::draw(&random).is_none());
        random[PlainId::RANDOM - 32..].fill(1);
        assert_eq!(PlainId::draw(&random).unwrap().as_str(), "b".repeat(32));
        random[PlainId::RANDOM - 1] = 252;
        assert!(PlainId::draw(&random).is_none());
    }
}
