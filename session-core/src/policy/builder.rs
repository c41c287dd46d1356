use std::sync::Arc;
use std::time::Duration;

use super::attributes::Attributes;
use super::clock::{Clock, SystemClock};
use super::domain::Domain;
use super::ended::Ended;
use super::entropy::{Entropy, OsEntropy};
use super::error::PolicyError;
use super::error_page::{ErrorPage, Renderer};
use super::lifetime::{CookieLife, Lifetime, MAX_AGE_LIMIT, micros, signed};
use super::observer::{Observer, Tracing};
use super::{Policy, SameSite};
use crate::IdForm;
use crate::ValueRule;
use crate::failure::Failure;

/// Collects a policy's fields; see [`Policy`] for an example.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, with a method that says what it does"
)]
pub struct PolicyBuilder {
    name: Option<String>,
    path: String,
    id_form: IdForm,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    partitioned: bool,
    same_site: Option<SameSite>,
    idle: Duration,
    absolute: Option<Duration>,
    cookie: CookieLife,
    touch: Touch,
    rotation_grace: Duration,
    clock_skew: Duration,
    max_bytes: usize,
    refuses_when_gone: bool,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    observer: Arc<dyn Observer>,
    error_page: Option<Renderer>,
}

impl Default for PolicyBuilder {
    fn default() -> Self {
        Self {
            name: None,
            path: "/".into(),
            id_form: IdForm::Hashed,
            domain: None,
            secure: true,
            http_only: true,
            partitioned: false,
            same_site: Some(SameSite::Lax),
            idle: Duration::from_secs(14 * 24 * 60 * 60),
            absolute: None,
            cookie: CookieLife::Persistent,
            touch: Touch::Default,
            rotation_grace: Duration::from_secs(10),
            clock_skew: Duration::from_secs(5 * 60),
            max_bytes: 1 << 20,
            refuses_when_gone: false,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            observer: Arc::new(Tracing),
            error_page: None,
        }
    }
}

impl PolicyBuilder {
    /// Names the cookie; default `__Host-session`, without `Secure` `session`.
    ///
    /// A prefix makes browsers refuse a cookie that does not keep its promise: `__Secure-`,
    /// `__Host-` (no `Domain`, `Path=/`), `__Http-` (`HttpOnly`), and `__Host-Http-`. Each needs
    /// `Secure`. (RFC 6265bis, 4.1.3.)
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Serves plain http in development: no `Secure`, and a name without `__Host-`; see
    /// [`Policy::development`].
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// Sets the cookie's `Path`; default `/`.
    ///
    /// Browsers send the cookie with requests for this path and those below it; `/app/` leaves out
    /// `/app`. (RFC 6265bis, 5.1.4.)
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets the cookie's `Domain`, which shares it with every subdomain; default none.
    ///
    /// It is a name of at least two parts, without scheme, port or leading dot. Browsers refuse one
    /// that the response's host does not belong to, and one under which anybody can register, such as
    /// `co.uk`; this crate has no list of those. (RFC 6265bis, 5.6.3 and 5.7.)
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets `SameSite`; default [`SameSite::Lax`].
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = Some(same_site);
        self
    }

    /// Sends no `SameSite`: Chrome then takes `Lax`, and other browsers `None`.
    pub fn without_same_site(mut self) -> Self {
        self.same_site = None;
        self
    }

    /// Keeps the cookie of an embedded page apart for each embedding site (CHIPS); needs
    /// [`SameSite::None`].
    pub fn partitioned(mut self) -> Self {
        self.partitioned = true;
        self
    }

    /// Lets scripts read the cookie; a script that was smuggled in can then steal the session.
    pub fn danger_readable_by_scripts(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// Ends a session after this time without use; default 14 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Ends a session this long after its creation or the last sign-in; default never.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.absolute = Some(absolute);
        self
    }

    /// Lets the browser drop the cookie when it closes; the server keeps to its limits.
    pub fn until_browser_close(mut self) -> Self {
        self.cookie = CookieLife::UntilBrowserClose;
        self
    }

    /// Extends the life of a session that is only read at most once in this time; default a tenth
    /// of `idle`.
    ///
    /// It is at most half of `idle`, so that a session that is used once in that time lives on. One that
    /// nobody uses ends after `idle`, or sooner by up to this time. Zero extends it with every request that opens the session.
    pub fn touch_every(mut self, throttle: Duration) -> Self {
        self.touch = Touch::Every(throttle);
        self
    }

    /// Lets reading extend no session's life: it ends `idle` after its last write, also while it is in
    /// use; Django without `SESSION_SAVE_EVERY_REQUEST`.
    pub fn touch_never(mut self) -> Self {
        self.touch = Touch::Never;
        self
    }

    /// Lets a secret open its session for this long after it was rotated; default 10 seconds, at
    /// most 5 minutes.
    ///
    /// A browser sends the old id with requests that cross the answer which brings the new one, and
    /// the answer may be lost. So the old secret reads and writes until this time has passed or the
    /// new secret was presented, whichever is later. Zero leaves only the second.
    ///
    /// For as long, a request with the id from before a [sign-in](crate::Session::sign_in) can read
    /// the values from before, and none that came after. (OWASP Session Management, "Renewal
    /// Timeout".)
    pub fn rotation_grace(mut self, grace: Duration) -> Self {
        self.rotation_grace = grace;
        self
    }

    /// Says how far apart the clocks of the application's servers may be; default 5 minutes.
    ///
    /// A session that is over for one server is over for all of them only after this time, and not
    /// deleted sooner. At most a day.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// Makes [ids of one part](IdForm::Plain), for a store that keeps them in clear as Django's table does.
    ///
    /// What ids of two parts give is not to be had then. Who reads the table has every session. An id
    /// opens its session under any cookie's name that shares the store. Each change of the id moves
    /// the session to another key: it has another handle, and the old id opens nothing, whatever the
    /// [grace](Self::rotation_grace). So a visitor whose browser does not get the answer is logged out.
    /// Of the requests that are under way, those that have loaded the session change and end nothing any
    /// more, and one that loads it later and writes begins a session, whose cookie replaces the new one.
    /// Change ids only when somebody signs in or authenticates again.
    pub fn plain_ids(mut self) -> Self {
        self.id_form = IdForm::Plain;
        self
    }

    /// Limits the size of one session's values, in bytes of JSON; default 1 MiB.
    pub fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// Answers 409 in place of the response if the request's changes were dropped because its session
    /// was ended meanwhile; by default they are dropped silently.
    ///
    /// Silence suits pages: the visitor was logged out elsewhere, and the next page shows it. A program
    /// that must know whether its write was kept needs the error. Neither answer sets a cookie, and
    /// nothing that was ended comes back. A handler that was told before, by an early `save`, answers
    /// itself. A sign-in is refused in any case, and changes with an id from before a sign-in are
    /// dropped silently in any case.
    pub fn refuse_when_gone(mut self) -> Self {
        self.refuses_when_gone = true;
        self
    }

    /// Tells events to an observer; by default they go to `tracing`.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Renders the responses for failed sessions, such as HTML for people; by default they are JSON.
    ///
    /// The function gets the failure and the request's `Accept` header, empty without one. It decides
    /// only on the body: the status, the cookies and `Vary` are set by the adapter, which adds
    /// `Vary: Accept` and `Cache-Control: no-store`. If it panics, the client gets the JSON.
    /// [`ErrorPage`] has an example.
    pub fn error_page(
        mut self,
        render: impl Fn(&Failure, &str) -> ErrorPage + Send + Sync + 'static,
    ) -> Self {
        self.error_page = Some(Renderer::new(render));
        self
    }

    /// Replaces the system's clock.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Replaces the system's generator. If its bytes can be guessed, so can ids.
    pub fn danger_entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Arc::new(entropy);
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    ///
    /// The first invalid field, and the remedy.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let cookie = Attributes {
            name: &self.resolved_name(),
            path: &self.path,
            domain: self.domain.as_deref(),
            secure: self.secure,
            http_only: self.http_only,
        };
        cookie.check()?;
        if !self.secure && self.same_site == Some(SameSite::None) {
            return Err(PolicyError::NeedsSecure("SameSite=None"));
        }
        if !self.secure && self.partitioned {
            return Err(PolicyError::NeedsSecure("Partitioned"));
        }
        if self.partitioned && self.same_site != Some(SameSite::None) {
            return Err(PolicyError::Partitioned);
        }
        self.check_spans()?;
        if self.max_bytes < 2 {
            return Err(PolicyError::MaxBytes);
        }
        Ok(self.assemble())
    }

    fn check_spans(&self) -> Result<(), PolicyError> {
        for (field, value) in [("idle", Some(self.idle)), ("absolute", self.absolute)] {
            if value.is_some_and(|value| value < SHORTEST) {
                return Err(PolicyError::TooShort(field));
            }
        }
        let longest = self
            .absolute
            .map_or(self.idle, |absolute| absolute.min(self.idle));
        if self.cookie == CookieLife::Persistent && longest.as_secs() > MAX_AGE_LIMIT {
            return Err(PolicyError::MaxAge(longest.as_secs()));
        }
        if matches!(self.touch, Touch::Every(throttle) if throttle > self.idle / 2) {
            return Err(PolicyError::Throttle);
        }
        if self.rotation_grace > MAX_GRACE {
            return Err(PolicyError::Grace);
        }
        if self.clock_skew > MAX_SKEW {
            return Err(PolicyError::Skew);
        }
        Ok(())
    }

    fn resolved_name(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.secure => "__Host-session".into(),
            None => "session".into(),
        }
    }

    pub(super) fn assemble(self) -> Policy {
        let mut attributes = format!("; Path={}", self.path);
        if let Some(domain) = &self.domain {
            attributes.push_str("; Domain=");
            attributes.push_str(domain);
        }
        if self.secure {
            attributes.push_str("; Secure");
        }
        if self.http_only {
            attributes.push_str("; HttpOnly");
        }
        attributes.push_str(match self.same_site {
            None => "",
            Some(SameSite::Lax) => "; SameSite=Lax",
            Some(SameSite::None) => "; SameSite=None",
            Some(SameSite::Strict) => "; SameSite=Strict",
        });
        if self.partitioned {
            attributes.push_str("; Partitioned");
        }
        let name = self.resolved_name();
        Policy {
            domain: Domain::of_cookie(&name),
            id_form: self.id_form,
            name: name.into(),
            attributes: attributes.into(),
            lifetime: Lifetime {
                idle: micros(self.idle),
                absolute: self.absolute.map(micros),
                cookie: self.cookie,
                touch_every: match self.touch {
                    Touch::Default => micros(self.idle / 10),
                    Touch::Every(throttle) => micros(throttle),
                    Touch::Never => i64::MAX,
                },
            },
            rotation_grace: signed(self.rotation_grace),
            clock_skew: signed(self.clock_skew),
            max_bytes: self.max_bytes,
            value_rule: ValueRule::ANY,
            refuses_when_gone: self.refuses_when_gone,
            clock: self.clock,
            entropy: self.entropy,
            ended: Arc::new(Ended::default()),
            observer: self.observer,
            error_page: self.error_page,
        }
    }
}

/// When reading extends a session's life.
#[derive(Debug, Clone, Copy)]
enum Touch {
    /// Once in a tenth of `idle`.
    Default,
    Every(Duration),
    Never,
}

/// The longest that a secret is remembered after it was rotated.
const MAX_GRACE: Duration = Duration::from_secs(5 * 60);

/// The longest that clocks may differ: what is over is kept for as long.
const MAX_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// The precision of stores.
const SHORTEST: Duration = Duration::from_micros(1);
