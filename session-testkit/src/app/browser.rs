use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use session_core::{Clock, ManualClock, Moment};

use crate::http::SetCookie;

/// A browser, as far as cookies go.
///
/// It keeps a cookie until its `Max-Age` is over by the test's clock. Domains, paths and `Secure` are not looked at: every
/// request is one to the application, and over https.
///
/// Clones are the same browser, as tabs are; a [`copy`](Self::copy) is another one. `Debug` shows no cookie.
///
/// ```
/// use session_testkit::app::Browser;
///
/// let browser = Browser::new();
/// browser.receive(["theme=dark", "session=abc; Max-Age=60; HttpOnly"]);
/// assert_eq!(browser.cookie(), "session=abc; theme=dark");
/// browser.receive(["session=; Max-Age=0"]);
/// assert_eq!(browser.cookie(), "theme=dark");
/// ```
#[derive(Clone, Default)]
pub struct Browser {
    cookies: Arc<Mutex<Cookies>>,
    /// Without one, no time passes.
    clock: Option<Arc<ManualClock>>,
}

type Cookies = BTreeMap<String, Cookie>;

#[derive(Clone)]
struct Cookie {
    value: String,
    /// `None` until the browser closes.
    until: Option<Moment>,
}

impl Browser {
    /// Creates a browser without cookies, in which no time passes; one of a test's clock is
    /// [`TestSessions::browser`](super::TestSessions::browser).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn by(clock: &Arc<ManualClock>) -> Self {
        Self {
            clock: Some(Arc::clone(clock)),
            ..Self::default()
        }
    }

    /// Returns the value of the `Cookie` header; empty without cookies.
    #[must_use]
    pub fn cookie(&self) -> String {
        let now = self.now();
        let mut cookies = self.cookies();
        cookies.retain(|_, cookie| cookie.until.is_none_or(|until| until > now));
        let pairs = cookies
            .iter()
            .map(|(name, cookie)| format!("{name}={}", cookie.value));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Takes the values of a response's `Set-Cookie` headers.
    ///
    /// # Panics
    ///
    /// One of them is no cookie.
    #[track_caller]
    pub fn receive<H: AsRef<[u8]>>(&self, set_cookies: impl IntoIterator<Item = H>) {
        let now = self.now();
        for header in set_cookies {
            let cookie = match SetCookie::parse(header.as_ref()) {
                Ok(cookie) => cookie,
                Err(failure) => panic!("{failure}"),
            };
            if cookie.is_removal() {
                self.cookies().remove(cookie.name());
                continue;
            }
            let age = cookie.max_age().and_then(|age| u64::try_from(age).ok());
            let kept = Cookie {
                value: cookie.value().to_owned(),
                until: age.map(|age| now + Duration::from_secs(age)),
            };
            self.cookies().insert(cookie.name().to_owned(), kept);
        }
    }

    /// Returns another browser with the same cookies, such as a thief's.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            cookies: Arc::new(Mutex::new(self.cookies().clone())),
            clock: self.clock.clone(),
        }
    }

    /// Closes and opens again: cookies without `Max-Age` are gone.
    pub fn restart(&self) {
        self.cookies().retain(|_, cookie| cookie.until.is_some());
    }

    /// Says whether it has a cookie of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let now = self.now();
        let cookies = self.cookies();
        let cookie = cookies.get(name);
        cookie.is_some_and(|cookie| cookie.until.is_none_or(|until| until > now))
    }

    fn now(&self) -> Moment {
        let clock = self.clock.as_ref();
        clock.map_or(Moment::UNIX_EPOCH, Clock::now)
    }

    fn cookies(&self) -> MutexGuard<'_, Cookies> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cookies = self.cookies();
        f.debug_set().entries(cookies.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_lasts_as_long_as_it_says() {
        // Its attributes: whether it is there at once, after a minute, and when the browser was closed.
        for (attributes, expected) in [
            ("", [true, true, false]),
            ("; Max-Age=60", [true, false, true]),
            ("; Max-Age=61", [true, true, true]),
            ("; Max-Age=0", [false, false, false]),
            (
                "; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
                [false, false, false],
            ),
        ] {
            let clock = Arc::new(ManualClock::new(Moment::UNIX_EPOCH));
            let browser = Browser::by(&clock);
            browser.receive([format!("s=1{attributes}")]);
            let closed = browser.copy();
            closed.restart();
            let (now, restarted) = (browser.has("s"), closed.has("s"));
            clock.advance(Duration::from_secs(60));
            let later = browser.has("s");
            assert_eq!(browser.cookie().is_empty(), !later, "{attributes}");
            assert_eq!([now, later, restarted], expected, "{attributes}");
        }
    }

    #[test]
    fn tabs_share_their_cookies_and_a_copy_does_not() {
        let browser = Browser::new();
        browser.receive(["s=1"]);
        let (tab, thief) = (browser.clone(), browser.copy());
        browser.receive(["s=2"]);
        assert_eq!((&*tab.cookie(), &*thief.cookie()), ("s=2", "s=1"));
        assert_eq!(format!("{tab:?}"), r#"{"s"}"#);
    }
}
