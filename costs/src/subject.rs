use anyhow::{Result, ensure};
use bytes::Bytes;

use crate::{Scenario, value};

/// An application that is called without sockets.
pub trait Subject {
    /// Plays a scenario once: one request.
    ///
    /// # Panics
    ///
    /// The application fails, which no measured one does.
    fn call(&mut self, scenario: Scenario) -> Seen;

    /// Returns the bytes of the `Cookie` header that its requests carry.
    fn cookie_bytes(&self) -> usize;

    /// Sends any request, of any visitor; an empty `cookie` is none. Returns the `Cookie` header to send from now on,
    /// which is empty if no cookie was set.
    ///
    /// # Panics
    ///
    /// The application fails.
    fn visit(&mut self, path: &'static str, cookie: &str) -> String;
}

/// What a client sees of an answer.
#[derive(Debug, Clone, Default)]
#[allow(clippy::exhaustive_structs, reason = "a subject makes it")]
pub struct Seen {
    /// The status.
    pub status: u16,
    /// The bytes of all `Set-Cookie` headers, without the header's name.
    pub set_cookie: usize,
    /// The body.
    pub body: Bytes,
}

impl Seen {
    /// Checks that the scenario did what it is for. `before` is the answer of the same request before this one.
    ///
    /// # Errors
    ///
    /// It did not; the message says what the answer was.
    pub fn check(&self, scenario: Scenario, before: &Self) -> Result<()> {
        ensure!(self.status == 200, "status {}", self.status);
        match scenario {
            Scenario::Untouched | Scenario::WithCookie | Scenario::Create => {}
            Scenario::Read | Scenario::ReadSliding => {
                ensure!(
                    self.body == value().len().to_string(),
                    "read {:?}",
                    self.body
                );
            }
            Scenario::Increment => ensure!(
                // Whose session is in its cookie counts from the same one again.
                number(&before.body) >= Some(1) && number(&self.body) >= number(&before.body),
                "counted from {:?} to {:?}",
                before.body,
                self.body
            ),
        }
        Ok(())
    }
}

fn number(body: &[u8]) -> Option<u64> {
    std::str::from_utf8(body).ok()?.parse().ok()
}

/// Joins the cookies of `Set-Cookie` headers to a `Cookie` header, as a browser does.
#[must_use]
pub fn cookie_header<'a>(set_cookies: impl IntoIterator<Item = &'a str>) -> String {
    let pairs = set_cookies
        .into_iter()
        .map(|header| header.split(';').next().unwrap_or(header).trim());
    pairs.collect::<Vec<_>>().join("; ")
}

/// The cookie that bare frameworks get: as long as one of ours.
pub(crate) const ANY_COOKIE: &str =
    "__Host-session=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
