use hmac::{Hmac, KeyInit, Mac};
use sha2::block_api::compress256;
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
        Self::of(b"cookie\0", name)
    }

    /// The domain of a bearer's tokens, beside a cookie of this name.
    pub(crate) fn of_bearer(name: &str) -> Self {
        Self::of(b"bearer\0", name)
    }

    fn of(carrier: &[u8], name: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(carrier)
            .chain_update(name)
            .finalize();
        Self(half(&hash.into()))
    }

    /// Returns the digest of an id's secret.
    ///
    /// Each request with a session makes one, of 16 + 36 bytes: SHA-256 of one block, which is padded here.
    pub(crate) fn digest(&self, id: &Id) -> Digest {
        if id.is_legacy() {
            // Another length than any id that a client can present.
            let hash = Sha256::new().chain_update(self.0).chain_update(b"legacy\0");
            return Digest::new(half(&hash.chain_update(id.as_bytes()).finalize().into()));
        }
        let id = id.as_bytes();
        let length = self.0.len() + id.len();
        if length > LONGEST_OF_ONE_BLOCK {
            let hash = Sha256::new().chain_update(self.0).chain_update(id);
            return Digest::new(half(&hash.finalize().into()));
        }
        let mut block = [0; 64];
        block[..self.0.len()].copy_from_slice(&self.0);
        block[self.0.len()..length].copy_from_slice(id);
        block[length] = 0x80;
        block[56..].copy_from_slice(&(8 * length as u64).to_be_bytes());
        let mut state = FIRST_STATE;
        compress256(&mut state, &[block]);
        let mut digest = [0; 16];
        for (bytes, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
            *bytes = word.to_be_bytes();
        }
        Digest::new(digest)
    }

    /// Derives the id that follows this one when the secret is rotated.
    pub(crate) fn rotate(&self, id: &Id, salt: &Salt) -> Id {
        let bytes: [u8; 32] = mac(id.secret())
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

/// Returns a keyed hash without a text.
pub(crate) fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length is one")
}

/// Behind so many bytes a block has room for the padding: a bit, and the number of bits (FIPS 180-4, 5.1.1).
const LONGEST_OF_ONE_BLOCK: usize = 55;

/// What SHA-256 begins with (FIPS 180-4, 5.3.3).
const FIRST_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

pub(super) fn half(hash: &[u8; 32]) -> [u8; 16] {
    let (half, _) = hash.split_first_chunk().expect("32 bytes begin with 16");
    *half
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IdForm;

    const TEXT: &[u8] = b"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";

    #[test]
    fn what_is_derived_depends_on_everything_it_is_derived_from() {
        let id = Id::parse(TEXT).unwrap();
        let (one, other) = (Domain::of_cookie("one"), Domain::of_cookie("other"));
        let (salt, pepper) = (Salt::new([1; 16]), Salt::new([2; 16]));
        assert_ne!(one.digest(&id), other.digest(&id));
        assert_ne!(one.digest(&id), Domain::of_bearer("one").digest(&id));
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

    #[test]
    fn a_digest_of_one_block_is_sha_256_as_one_of_two_is() {
        let domain = Domain::of_cookie("one");
        let plain = "0123456789abcdefghijklmnopqrstuvwxyz0123";
        let ids = (8..=plain.len()).map(|length| {
            let text = &plain.as_bytes()[..length];
            Id::parse_as(IdForm::Plain, text).unwrap()
        });
        for id in ids.chain(Id::parse(TEXT)) {
            let hash = Sha256::new()
                .chain_update(domain.0)
                .chain_update(id.as_bytes());
            let expected = half(&hash.finalize().into());
            assert_eq!(*domain.digest(&id).as_bytes(), expected);
        }
    }

    fn unhex(text: &str) -> Vec<u8> {
        let pairs = (0..text.len()).step_by(2);
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        pairs.map(byte).collect()
    }
}
