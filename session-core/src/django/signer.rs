use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use super::base62;
use super::compressors::Compressors;
use super::keys::SecretKeys;
use super::payload::{self, MAX_JSON_BYTES};
use super::token::{Opened, SignedBy, TokenError};

/// The longest token that is read, in bytes: that of the longest JSON, without compression, with
/// room for a time and a signature.
///
/// Opening a token never holds more memory than four times [`MAX_JSON_BYTES`], whatever it inflates to.
/// One that is longer than this, or whose signature is wrong, allocates nothing.
pub const MAX_TOKEN_BYTES: usize = MAX_JSON_BYTES / 3 * 4 + 1024;

/// Signs and opens sessions as Django's `signing.dumps` and `loads` do, for one salt.
///
/// A token is `payload:time:signature`; Django's `session_data` column and its `signed_cookies`
/// engine hold tokens of two salts, so that one is never taken for the other. The keys of the
/// signatures are derived once. Signatures are compared as text and in constant time, with the primary
/// key first.
///
/// ```
/// use session_core::django::{SecretKeys, SignedBy, Signer, TokenError};
/// use session_core::time::OffsetDateTime;
///
/// let keys = SecretKeys::danger_accept_weak("django-insecure-test-key-0123456789abcdef")?;
/// let signer = Signer::sessions(&keys);
/// let now = OffsetDateTime::from_unix_timestamp(1_700_000_000)?;
/// let token = signer.sign(r#"{"a":"b"}"#, now);
/// assert_eq!(token, "eyJhIjoiYiJ9:1r31eq:eGy4OFzBeG4NtjCHc4gkYRXMT085tY-uD0rA2Om1-UE");
///
/// let opened = signer.open(&token)?;
/// assert_eq!((&*opened.json, opened.signed_at()), (r#"{"a":"b"}"#, now));
/// assert_eq!(opened.signed_by, SignedBy::Primary);
///
/// let cookies = Signer::signed_cookies(&keys);
/// assert_eq!(cookies.open(&token), Err(TokenError::Signature));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    /// Of the primary key, then of the fallbacks.
    macs: Box<[Hmac<Sha256>]>,
    compressors: Arc<Compressors>,
}

impl Signer {
    /// The signer of `session_data`: of the engines `db`, `cached_db` and `file`.
    #[must_use]
    pub fn sessions(keys: &SecretKeys) -> Self {
        Self::with_salt(keys, "django.contrib.sessions.SessionStore")
    }

    /// The signer of the cookies of the engine `signed_cookies`.
    #[must_use]
    pub fn signed_cookies(keys: &SecretKeys) -> Self {
        Self::with_salt(keys, "django.contrib.sessions.backends.signed_cookies")
    }

    /// The signer of another salt; a session store of one's own named `Store` has
    /// `django.contrib.sessions.Store`.
    #[must_use]
    pub fn with_salt(keys: &SecretKeys, salt: &str) -> Self {
        let salt = format!("{salt}signer");
        Self {
            macs: keys.iter().map(|key| derive(&salt, key)).collect(),
            compressors: Arc::default(),
        }
    }

    /// Writes a token, with the primary key.
    ///
    /// The text has to be one JSON object. It is escaped to ASCII, since Django reads the bytes as Latin-1,
    /// and compressed if Django would. A JSON text longer than a sixth of [`MAX_JSON_BYTES`] may not read
    /// back here; Django has no limit.
    #[must_use]
    pub fn sign(&self, json: &str, now: OffsetDateTime) -> String {
        let mut token = String::with_capacity(json.len() / 3 * 4 + 64);
        payload::encode(json, &self.compressors, &mut token);
        token.push(':');
        base62::encode(now.unix_timestamp(), &mut token);
        let signature = signature(&self.macs[0], &token);
        token.push(':');
        token.extend(signature.map(char::from));
        token
    }

    /// Verifies a token and reads it, as Django's `db` engine does: of any age.
    ///
    /// # Errors
    ///
    /// In Django each of them is an empty session.
    pub fn open(&self, token: &str) -> Result<Opened, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLarge);
        }
        let (signed, signature) = token.rsplit_once(':').ok_or(TokenError::Form)?;
        let signed_by = self.verify(signed, signature)?;
        let (payload, time) = signed.rsplit_once(':').ok_or(TokenError::Form)?;
        let timestamp = base62::decode(time)?;
        Ok(Opened {
            json: payload::decode(payload)?,
            signed_by,
            timestamp,
        })
    }

    fn verify(&self, signed: &str, given: &str) -> Result<SignedBy, TokenError> {
        let is_of = |mac: &Hmac<Sha256>| same(&signature(mac, signed), given.as_bytes());
        let place = self.macs.iter().position(is_of);
        place.map(SignedBy::at).ok_or(TokenError::Signature)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({} keys)", self.macs.len())
    }
}

/// Derives the key of a salt, as Django's `salted_hmac` does.
pub(super) fn derive(salt: &str, key: &[u8]) -> Hmac<Sha256> {
    let derived = Sha256::new()
        .chain_update(salt)
        .chain_update(key)
        .finalize();
    Hmac::new_from_slice(&derived).expect("a key of any length is one")
}

/// Signs a text; the signature has 43 characters.
fn signature(mac: &Hmac<Sha256>, text: &str) -> [u8; 43] {
    let hash = mac.clone().chain_update(text).finalize().into_bytes();
    let mut signature = [0; 43];
    let written = URL_SAFE_NO_PAD.encode_slice(hash, &mut signature);
    debug_assert_eq!(written, Ok(43), "32 bytes are 43 characters");
    signature
}

/// Compares texts in constant time; only their lengths show.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    let difference = pairs.fold(0, |sum, (one, other)| sum | (one ^ other));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}
