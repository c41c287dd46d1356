use std::fmt;

use thiserror::Error;

/// Django's `SECRET_KEY` and `SECRET_KEY_FALLBACKS`: the key that signs, and older ones that still verify.
///
/// Keys are text or any bytes, taken as they are: no trimming, no normalisation. `Debug` hides them.
/// As in Django an empty fallback means the primary key, and so adds nothing. A fallback may be weak,
/// since a site that leaves a weak key behind has to name it here for a while; Django warns of it
/// (W025), and [`has_weak_fallback`](Self::has_weak_fallback) says so. Until it is gone, whoever
/// guesses it can sign in as anybody.
///
/// ```
/// use session_core::django::{SecretKeyError, SecretKeys};
///
/// let key = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0";
/// let keys = SecretKeys::new(key)?.fallback("the key of last year, which was too short");
/// assert!(keys.has_weak_fallback());
/// assert!(!format!("{keys:?}").contains("vY7k"));
///
/// let template = "django-insecure-0123456789abcdefghijklmnopqrstuvwxyz0123456789";
/// assert_eq!(SecretKeys::new(template).unwrap_err(), SecretKeyError::Insecure);
/// # Ok::<(), SecretKeyError>(())
/// ```
#[derive(Clone)]
pub struct SecretKeys {
    primary: Box<[u8]>,
    fallbacks: Vec<Box<[u8]>>,
}

impl SecretKeys {
    /// Takes the key that signs.
    ///
    /// # Errors
    ///
    /// The key is missing, or weak by Django's own rule (W009): shorter than 50 characters, fewer than
    /// 5 different ones, or the prefix `django-insecure-` of a generated project.
    pub fn new(primary: impl AsRef<[u8]>) -> Result<Self, SecretKeyError> {
        match weakness(primary.as_ref()) {
            Some(error) => Err(error),
            None => Self::danger_accept_weak(primary),
        }
    }

    /// Takes any key that is not empty, for tests and development: whoever guesses a weak key can sign
    /// in as anybody.
    ///
    /// # Errors
    ///
    /// The key is empty.
    pub fn danger_accept_weak(primary: impl AsRef<[u8]>) -> Result<Self, SecretKeyError> {
        let primary: Box<[u8]> = primary.as_ref().into();
        if primary.is_empty() {
            return Err(SecretKeyError::Missing);
        }
        Ok(Self {
            primary,
            fallbacks: Vec::new(),
        })
    }

    /// Reads a file's text: one key a line, of which the first signs.
    ///
    /// Empty lines are skipped; everything else in a line belongs to its key, spaces too.
    ///
    /// ```
    /// use session_core::django::SecretKeys;
    ///
    /// let text = "vY7k#0(c!m2w&x9^q4z$e8r*t5y@u1i-o3p_a6s)d+f=g7h8j9k0\nthe old one\n";
    /// assert_eq!(SecretKeys::parse(text)?.count(), 2);
    /// assert!(SecretKeys::parse("\n").is_err());
    /// # Ok::<(), session_core::django::SecretKeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// There is no key, or the first one is weak; see [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, SecretKeyError> {
        let mut lines = lines(text);
        let first = Self::new(lines.next().unwrap_or_default())?;
        Ok(lines.fold(first, Self::fallback))
    }

    /// Reads a file's text as [`parse`](Self::parse) does, and accepts a weak key.
    ///
    /// # Errors
    ///
    /// There is no key.
    pub fn danger_parse_weak(text: &str) -> Result<Self, SecretKeyError> {
        let mut lines = lines(text);
        let first = Self::danger_accept_weak(lines.next().unwrap_or_default())?;
        Ok(lines.fold(first, Self::fallback))
    }

    /// Adds a key that verifies and does not sign, after those that were added before.
    #[must_use]
    pub fn fallback(mut self, key: impl AsRef<[u8]>) -> Self {
        let key = key.as_ref();
        if !key.is_empty() {
            self.fallbacks.push(key.into());
        }
        self
    }

    /// Returns the number of keys.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.fallbacks.len()
    }

    /// Says whether Django would warn of a fallback (W025).
    #[must_use]
    pub fn has_weak_fallback(&self) -> bool {
        self.fallbacks.iter().any(|key| weakness(key).is_some())
    }

    /// Returns the keys, the primary one first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&*self.primary).chain(self.fallbacks.iter().map(|key| &**key))
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys({} keys)", self.count())
    }
}

/// A key that Django or its deployment check refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The key is that of a project as `django-admin startproject` makes it.
    #[error(
        "SECRET_KEY: begins with \"django-insecure-\", as a new project's does; generate one for production"
    )]
    Insecure,
    /// There is no key.
    #[error("SECRET_KEY: is missing or empty; give the one of the Django site")]
    Missing,
    /// The key has fewer than 5 different characters.
    #[error("SECRET_KEY: has fewer than 5 different characters; generate a random one")]
    Monotonous,
    /// The key has fewer than 50 characters.
    #[error("SECRET_KEY: has fewer than 50 characters; generate a random one")]
    Short,
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty())
}

/// Django's W009 and W025. Characters count; of a key that is no text, bytes.
fn weakness(key: &[u8]) -> Option<SecretKeyError> {
    let (length, different) = match std::str::from_utf8(key) {
        Ok(text) => measure(text.chars()),
        Err(_) => measure(key.iter()),
    };
    if length == 0 {
        Some(SecretKeyError::Missing)
    } else if key.starts_with(b"django-insecure-") {
        Some(SecretKeyError::Insecure)
    } else if length < 50 {
        Some(SecretKeyError::Short)
    } else if different < 5 {
        Some(SecretKeyError::Monotonous)
    } else {
        None
    }
}

/// Returns how many items there are, and up to five of how many kinds.
fn measure<T: PartialEq>(items: impl Iterator<Item = T>) -> (usize, usize) {
    let mut length = 0;
    let mut seen = Vec::with_capacity(5);
    for item in items {
        length += 1;
        if seen.len() < 5 && !seen.contains(&item) {
            seen.push(item);
        }
    }
    (length, seen.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_weak_by_djangos_own_rule() {
        let strong = "0123456789".repeat(5);
        for (key, expected) in [
            ("", Some(SecretKeyError::Missing)),
            (&strong[1..], Some(SecretKeyError::Short)),
            (&strong, None),
            (&"abcd".repeat(20), Some(SecretKeyError::Monotonous)),
            (&"abcde".repeat(10), None),
            (
                &format!("django-insecure-{strong}"),
                Some(SecretKeyError::Insecure),
            ),
            // 49 characters of two bytes.
            (&"éàüöñ".repeat(10)[2..], Some(SecretKeyError::Short)),
            (&"éàüöñ".repeat(10), None),
        ] {
            assert_eq!(SecretKeys::new(key).err(), expected, "{key}");
        }
        assert_eq!(
            SecretKeys::new([0xff; 60]).err(),
            Some(SecretKeyError::Monotonous)
        );
        assert!(SecretKeys::new((150..=255).collect::<Vec<u8>>()).is_ok());
    }

    #[test]
    fn a_weak_key_is_taken_only_by_its_dangerous_name() {
        let keys = SecretKeys::danger_accept_weak("x").unwrap();
        assert_eq!((keys.count(), keys.has_weak_fallback()), (1, false));
        let error = SecretKeys::danger_accept_weak("").unwrap_err();
        assert_eq!(error, SecretKeyError::Missing);
    }

    #[test]
    fn a_file_has_one_key_a_line_and_keys_keep_their_spaces() {
        let keys = SecretKeys::danger_parse_weak("\r\none \r\n\n\tübrig#\n").unwrap();
        let all: Vec<&[u8]> = keys.iter().collect();
        assert_eq!(all, [b"one ".as_slice(), "\tübrig#".as_bytes()]);
        for nothing in ["", "\n", "\r\n\n"] {
            for parse in [SecretKeys::parse, SecretKeys::danger_parse_weak] {
                let error = parse(nothing).unwrap_err();
                assert_eq!(error, SecretKeyError::Missing, "{nothing:?}");
            }
        }
        // Only the first one has to be strong.
        let strong = "0123456789".repeat(5);
        let keys = SecretKeys::parse(&format!("{strong}\nweak\n")).unwrap();
        assert_eq!(format!("{keys:?}"), "SecretKeys(2 keys)");
        let error = SecretKeys::parse(&format!("weak\n{strong}\n")).unwrap_err();
        assert_eq!(error, SecretKeyError::Short);
    }

    #[test]
    fn an_empty_fallback_adds_nothing() {
        let keys = SecretKeys::danger_accept_weak("x").unwrap();
        assert_eq!(keys.fallback("").count(), 1);
    }
}
