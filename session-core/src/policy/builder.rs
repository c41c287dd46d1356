use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::attributes::{Attributes, is_attribute};
use super::carrier::Carrier;
use super::clock::{Clock, SystemClock};
use super::devices::MaxDevices;
use super::domain::Domain;
use super::ended::Ended;
use super::entropy::{Entropy, OsEntropy};
use super::error::PolicyError;
use super::error_page::{ErrorPage, Renderer};
use super::event_log::Tracing;
use super::lifetime::{micros, signed};
use super::observer::Observer;
use super::rates::Rates;
use super::spans::Spans;
use super::traces::Traces;
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
    carrier: Carrier,
    id_form: IdForm,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    partitioned: bool,
    same_site: Option<SameSite>,
    pub(super) spans: Spans,
    pub(super) max_bytes: usize,
    pub(super) max_value_bytes: Option<usize>,
    pub(super) needs_consent: bool,
    refuses_when_gone: bool,
    pub(super) traces: Traces,
    pub(super) accepts_unstamped: bool,
    pub(super) max_devices: Option<MaxDevices>,
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
            carrier: Carrier::Cookie,
            id_form: IdForm::Hashed,
            domain: None,
            secure: true,
            http_only: true,
            partitioned: false,
            same_site: Some(SameSite::Lax),
            spans: Spans::default(),
            max_bytes: 1 << 20,
            max_value_bytes: None,
            needs_consent: false,
            refuses_when_gone: false,
            traces: Traces::default(),
            accepts_unstamped: false,
            max_devices: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            observer: Arc::new(Tracing::default()),
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

    /// Says how ids travel; default [`Carrier::Cookie`]. A bearer's ids are bound to the cookie's name too.
    pub fn carrier(mut self, carrier: Carrier) -> Self {
        self.carrier = carrier;
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
        if self.carrier != Carrier::Cookie && self.id_form == IdForm::Plain {
            return Err(PolicyError::PlainBearer);
        }
        if self.id_form == IdForm::Plain && is_attribute(&self.resolved_name()) {
            return Err(PolicyError::PlainName(self.resolved_name()));
        }
        if self.spans.rotate_every.is_some() && self.id_form == IdForm::Plain {
            return Err(PolicyError::PlainRotation);
        }
        if let Some(cap) = &self.max_devices {
            cap.check(self.id_form)?;
        }
        self.spans.check()?;
        if self.max_bytes < 2 {
            return Err(PolicyError::MaxBytes);
        }
        if self.max_value_bytes == Some(0) {
            return Err(PolicyError::MaxValueBytes);
        }
        Ok(self.assemble())
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
        let policy = Policy {
            carrier: Carrier::Cookie,
            bearers: None,
            domain: Domain::of_cookie(&name),
            id_form: self.id_form,
            name: name.into(),
            attributes: attributes.into(),
            lifetimes: self.spans.lifetimes(self.max_devices.is_some()),
            rotation_grace: signed(self.spans.rotation_grace),
            rotate_every: self.spans.rotate_every.map(micros),
            clock_skew: signed(self.spans.clock_skew),
            watch_every: self.spans.watch_every,
            max_bytes: self.max_bytes,
            max_value_bytes: self.max_value_bytes,
            needs_consent: self.needs_consent,
            value_rule: ValueRule::ANY,
            refuses_when_gone: self.refuses_when_gone,
            traces: self.traces,
            accepts_unstamped: self.accepts_unstamped,
            told_unstamped: Arc::new(AtomicBool::new(false)),
            max_devices: self.max_devices,
            clock: self.clock,
            entropy: self.entropy,
            ended: Arc::new(Ended::default()),
            observer: self.observer,
            rates: Arc::new(Rates::default()),
            error_page: self.error_page,
        };
        policy.carried_by(self.carrier)
    }
}
