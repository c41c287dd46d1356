use std::borrow::Cow;
use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// A path of this site, to go to after a login: the field `next` of a form or query, which anybody may have written.
///
/// Whatever leads elsewhere, or could for a browser, a proxy or a second decoding, becomes `/`: another scheme or host, `//` and `\`
/// in a path, control characters, and the same in percent-encoding, however often encoded.
///
/// ```
/// use session_extras::Next;
///
/// assert_eq!(Next::from_untrusted("/orders?page=2").as_str(), "/orders?page=2");
/// assert_eq!(Next::from_untrusted("https://evil.example/").as_str(), "/");
/// assert_eq!(Next::from_untrusted("//evil.example").as_str(), "/");
/// assert_eq!(Next::default().as_str(), "/");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Cow<'_, str>")]
pub struct Next(Box<str>);

impl Next {
    /// Takes a path if it is one of this site, and `/` otherwise.
    #[must_use]
    pub fn from_untrusted(text: &str) -> Self {
        if is_local(text) {
            Self(text.into())
        } else {
            Self::default()
        }
    }

    /// Returns the path and query, for a `Location`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the login page's address with this path as its `next`.
    ///
    /// ```
    /// # use session_extras::Next;
    /// let next = Next::from_untrusted("/orders?page=2");
    /// assert_eq!(next.after("/login"), "/login?next=%2Forders%3Fpage%3D2");
    /// assert_eq!(Next::default().after("/login"), "/login");
    /// ```
    #[must_use]
    pub fn after(&self, login: &str) -> String {
        if *self == Self::default() {
            return login.to_owned();
        }
        let mark = if login.contains('?') { '&' } else { '?' };
        let next = utf8_percent_encode(&self.0, NON_ALPHANUMERIC);
        format!("{login}{mark}next={next}")
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".into())
    }
}

impl From<Cow<'_, str>> for Next {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from_untrusted(&text)
    }
}

/// For a hidden field, where it has to be escaped as any text.
impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_local(text: &str) -> bool {
    // What a URL is written with, so neither white space nor quotes nor characters that a browser would encode. (RFC 3986, 2.)
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&()*+,;=%".contains(&byte);
    if text.len() > MAX_LENGTH || !text.starts_with('/') || !text.bytes().all(is_plain) {
        return false;
    }
    let mut text = Cow::Borrowed(text);
    for _ in 0..MAX_ROUNDS {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        if path.contains("//") || path.contains('\\') || text.contains(char::is_control) {
            return false;
        }
        let decoded = match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) => decoded.into_owned(),
            Err(_) => return false,
        };
        if *decoded == *text {
            return true;
        }
        text = Cow::Owned(decoded);
    }
    // Nobody encodes a path that often in good faith.
    false
}

const MAX_LENGTH: usize = 2_000;
const MAX_ROUNDS: usize = 4;
