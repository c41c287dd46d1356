use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::{Digest, Id, Salt};

/// The namespace of ids: the way in which they travel, and the name that they travel under.
///
/// Everything that is derived from an id depends on it, so that an id opens nothing under another
/// cookie's name, even in a store that both share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Domain([u8; 16]);

impl Domain {
    /// The domain of a cookie.
    pub(crate) fn of_cookie(name: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(b"cookie\0")
            .chain_update(name)
            .finalize();
        Self(half(&hash.into()))
    }

    /// Returns the digest of an id's secret. It takes one block of SHA-256, as 16 + 36 bytes are
    /// below its 55.
    pub(crate) fn digest(&self, id: &Id) -> Digest {
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(id.as_bytes())
            .finalize();
        Digest::new(half(&hash.into()))
    }

    /// Derives the id that follows this one when the secret is rotated.
    pub(crate) fn rotate(&self, id: &Id, salt: &Salt) -> Id {
        let mac = Hmac::<Sha256>::new_from_slice(id.secret()).expect("a key of any length is one");
        let bytes: [u8; 32] = mac
            .chain_update(b"rotate")
            .chain_update(self.0)
            .chain_update(id.key().as_bytes())
            .chain_update(salt.as_bytes())
            .finalize()
            .into_bytes()
            .into();
        let (secret, _) = bytes.split_first_chunk().expect("32 bytes begin with 20");
        id.with_secret(secret)
    }
}

fn half(hash: &[u8; 32]) -> [u8; 16] {
    let (half, _) = hash.split_first_chunk().expect("32 bytes begin with 16");
    *half
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";

    #[test]
    fn what_is_derived_depends_on_everything_it_is_derived_from() {
        let id = Id::parse(TEXT).unwrap();
        let (one, other) = (Domain::of_cookie("one"), Domain::of_cookie("other"));
        let (salt, pepper) = (Salt::new([1; 16]), Salt::new([2; 16]));
        assert_ne!(one.digest(&id), other.digest(&id));
        let next = one.rotate(&id, &salt);
        assert_eq!(next, one.rotate(&id, &salt));
        assert_eq!(next.key(), id.key());
        for different in [
            id,
            one.rotate(&id, &pepper),
            other.rotate(&id, &salt),
            one.rotate(&next, &salt),
        ] {
            assert_ne!(next, different);
            assert_ne!(one.digest(&next), one.digest(&different));
        }
    }

    // Computed with Python's hashlib and hmac.
    #[test]
    fn the_formulas_are_those_of_the_protocol() {
        let domain = Domain::of_cookie("__Host-session");
        let id = Id::parse(TEXT).unwrap();
        assert_eq!(domain.0[..], unhex("cecf93ad6b7882e95bf97e00d1dae880"));
        assert_eq!(
            domain.digest(&id).as_bytes()[..],
            unhex("ff5bf792ea65225c168c293a47f90473")
        );
        let next = domain.rotate(&id, &Salt::new([7; 16]));
        assert_eq!(
            next.secret(),
            unhex("d97acc3542a2c998f6c1952928afb710cb673bd8")
        );
    }

    fn unhex(text: &str) -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2);
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        pairs.map(byte).collect()
    }
}
