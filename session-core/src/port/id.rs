use std::fmt;

use super::base64url::{decode, encode};
use super::plain_id::PlainId;
use crate::{IdForm, Key};

/// The number of characters of a session id.
pub const ID_LENGTH: usize = 48;

/// A browser's name of a session: its [`Key`] and the secret that opens it.
///
/// In the cookie it is 48 characters of `[A-Za-z0-9_-]`, for 16 bytes of key and 20 of secret: 288
/// random bits in a new session, of which only the browser knows the 160 of the secret.
/// Where ids are [plain](IdForm::Plain) it is 32 characters of `[a-z0-9]`, which are the key too.
/// To know an id is to be that visitor, so `Debug` hides it and it has no `Display`.
/// Sources: OWASP Session Management, "Session ID Entropy"; ASVS 5.0, 7.2.3; RFC 4648, section 5.
///
/// ```
/// use session_core::{Id, IdForm};
///
/// let text = "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT";
/// let id = Id::parse(text.as_bytes()).unwrap();
/// assert_eq!(id.expose(), text);
/// assert_eq!(id.key().as_bytes(), [0; 16]);
/// assert_eq!(format!("{id:?}"), "Id(…)");
/// assert!(Id::parse(b"short").is_none());
/// assert!(Id::parse(&[b'='; 48]).is_none());
///
/// let id = Id::parse_as(IdForm::Plain, b"abcdefgh12345678").unwrap();
/// assert_eq!(id.key().plain(), Some("abcdefgh12345678"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Id(Form);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Hashed(Hashed),
    /// It stands for another library's id, and no client can present its bytes.
    #[cfg_attr(
        not(feature = "driver"),
        allow(dead_code, reason = "the driver makes them")
    )]
    Legacy(Hashed),
    Plain(PlainId),
}

/// A key and a secret, one after the other.
#[derive(Clone, Copy)]
struct Hashed([u8; Id::BYTES]);

impl Id {
    pub(crate) const SECRET_BYTES: usize = 20;
    pub(crate) const BYTES: usize = Key::BYTES + Self::SECRET_BYTES;

    /// Takes a key and a secret, one after the other.
    pub(crate) fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(Form::Hashed(Hashed(bytes)))
    }

    pub(crate) fn from_plain(id: PlainId) -> Self {
        Self(Form::Plain(id))
    }

    #[cfg(feature = "driver")]
    pub(crate) fn from_legacy(bytes: [u8; Self::BYTES]) -> Self {
        Self(Form::Legacy(Hashed(bytes)))
    }

    /// Says whether it stands for another library's id.
    pub(crate) fn is_legacy(&self) -> bool {
        matches!(self.0, Form::Legacy(_))
    }

    /// Reads an id that a client presented; `None` for anything but 48 characters of the alphabet.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        // 48 characters are exactly 36 bytes, so that there is one spelling of an id.
        let text: &[u8; ID_LENGTH] = text.try_into().ok()?;
        decode(text).map(Self::from_bytes)
    }

    /// Reads an id of a form; `None` for anything else, of a plain one but 8 to 40 of `[a-z0-9]`.
    #[must_use]
    pub fn parse_as(form: IdForm, text: &[u8]) -> Option<Self> {
        match form {
            IdForm::Hashed => Self::parse(text),
            IdForm::Plain => PlainId::parse(text).map(Self::from_plain),
        }
    }

    /// Returns the key of the session.
    #[must_use]
    pub fn key(&self) -> Key {
        match &self.0 {
            Form::Hashed(id) | Form::Legacy(id) => Key::new(*id.split().0),
            Form::Plain(id) => Key::from_plain(*id),
        }
    }

    /// Returns the id in clear, as the cookie has it.
    #[must_use]
    pub fn expose(&self) -> String {
        self.in_clear(str::to_owned)
    }

    /// Lends the id in clear, without memory of its own.
    pub(crate) fn in_clear<T>(&self, take: impl FnOnce(&str) -> T) -> T {
        let encoded;
        let text = match &self.0 {
            Form::Hashed(id) | Form::Legacy(id) => {
                encoded = encode::<{ Self::BYTES }, ID_LENGTH>(&id.0);
                &encoded
            }
            Form::Plain(id) => id.as_bytes(),
        };
        // Both alphabets are ASCII's.
        take(str::from_utf8(text).unwrap_or_default())
    }

    /// The same session, opened by another secret; a plain id has none.
    pub(crate) fn with_secret(&self, secret: &[u8; Self::SECRET_BYTES]) -> Self {
        match &self.0 {
            Form::Hashed(id) | Form::Legacy(id) => {
                let mut bytes = id.0;
                bytes[Key::BYTES..].copy_from_slice(secret);
                Self::from_bytes(bytes)
            }
            Form::Plain(_) => *self,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Hashed(id) | Form::Legacy(id) => &id.0,
            Form::Plain(id) => id.as_bytes(),
        }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        match &self.0 {
            Form::Hashed(id) | Form::Legacy(id) => id.split().1,
            Form::Plain(id) => id.as_bytes(),
        }
    }
}

impl Hashed {
    fn split(&self) -> (&[u8; Key::BYTES], &[u8]) {
        self.0
            .split_first_chunk()
            .expect("an id is longer than a key")
    }
}

/// In constant time.
impl PartialEq for Hashed {
    fn eq(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        let difference = pairs.fold(0, |sum, (one, other)| sum | (one ^ other));
        std::hint::black_box(difference) == 0
    }
}

impl Eq for Hashed {}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Id(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_generator_cannot_make_is_no_id() {
        let long = vec![b'a'; 10_000];
        for bad in [
            &b""[..],
            b"abcdefg",
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU\0",
            b"../../../../../../../../../../../../../etc/passw",
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU+",
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU=",
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW",
            &long,
        ] {
            assert!(Id::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn every_spelling_is_another_id() {
        let text = [b'x'; ID_LENGTH];
        let id = Id::parse(&text).unwrap();
        for place in 0..ID_LENGTH {
            let mut other = text;
            other[place] = b'y';
            assert_ne!(Id::parse(&other), Some(id), "{place}");
        }
    }
}
