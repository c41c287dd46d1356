//! Ids that no server has made.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::rng::Rng;

/// The bytes of an id that are the session's key; the rest is the secret.
const KEY: usize = 16;
const ID: usize = 36;

/// Makes up an id.
pub(crate) fn id(seed: u64, request: u16) -> String {
    let mut rng = Rng::new(seed ^ (u64::from(request) << 40));
    let bytes: Vec<u8> = (0..ID).map(|_| rng.small(u8::MAX)).collect();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns an id with the key of one and the secret of another.
pub(crate) fn with_key_of(id: &str, other: &str) -> String {
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let (mut mixed, secret) = (decode(id), decode(other));
    mixed.truncate(KEY);
    mixed.extend(secret.iter().skip(KEY));
    BASE64_URL_SAFE_NO_PAD.encode(mixed)
}

#[cfg(test)]
mod tests {
    use session_core::Id;

    use super::*;

    #[test]
    fn made_up_ids_are_ids_and_a_mixed_one_has_the_key_of_one() {
        let (one, other) = (id(1, 1), id(1, 2));
        let parse = |text: &str| Id::parse(text.as_bytes()).unwrap();
        let mixed = with_key_of(&one, &other);
        assert_eq!(parse(&mixed).key(), parse(&one).key());
        assert!(mixed != one && parse(&mixed).key() != parse(&other).key());
    }
}
