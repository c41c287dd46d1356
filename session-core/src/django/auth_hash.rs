use std::fmt::{self, Write as _};

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::keys::SecretKeys;
use super::signer::{derive, same};
use super::token::SignedBy;

/// Returns what Django keeps as `_auth_user_hash`: `user.get_session_auth_hash()`.
///
/// It is bound to the user's password hash, so that a change of the password ends the user's other
/// sessions. [`Auth`](super::Auth) derives the keys once for many.
///
/// ```
/// use session_core::django::{SecretKeys, session_auth_hash};
///
/// let keys = SecretKeys::danger_accept_weak("django-insecure-test-key-0123456789abcdef")?;
/// let hash = session_auth_hash("pbkdf2_sha256$1000000$abc$def=", &keys);
/// assert_eq!(hash, "df46000783054386f613c0491e078fa8d89f34bd3c43d0a8018b8a477d04d813");
/// # Ok::<(), session_core::django::SecretKeyError>(())
/// ```
#[must_use]
pub fn session_auth_hash(password: &str, keys: &SecretKeys) -> String {
    AuthHasher::new(keys).hash(password)
}

/// The keys of the hashes, derived once.
#[derive(Clone)]
pub(super) struct AuthHasher {
    /// Of the primary key, then of the fallbacks.
    macs: Box<[Hmac<Sha256>]>,
}

impl AuthHasher {
    pub(super) fn new(keys: &SecretKeys) -> Self {
        Self {
            macs: keys.iter().map(|key| derive(SALT, key)).collect(),
        }
    }

    /// Returns the primary key's hash.
    pub(super) fn hash(&self, password: &str) -> String {
        hash(&self.macs[0], password)
    }

    /// Says by which key a hash belongs to the password, if it does by one.
    pub(super) fn verify(&self, password: &str, given: &str) -> Option<SignedBy> {
        let is_of = |mac| same(hash(mac, password).as_bytes(), given.as_bytes());
        self.macs.iter().position(is_of).map(SignedBy::at)
    }
}

impl fmt::Debug for AuthHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuthHasher({} keys)", self.macs.len())
    }
}

fn hash(mac: &Hmac<Sha256>, password: &str) -> String {
    let bytes = mac.clone().chain_update(password).finalize().into_bytes();
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

const SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";
