//! Settings that were checked, and every computation with time, chance and hashes.

pub(crate) mod attributes;
pub(crate) mod builder;
pub(crate) mod carrier;
pub(crate) mod checks;
pub(crate) mod clock;
mod consent;
pub(crate) mod devices;
pub(crate) mod domain;
pub(crate) mod ended;
pub(crate) mod entropy;
pub(crate) mod error;
pub(crate) mod error_page;
pub(crate) mod event;
pub(crate) mod event_log;
pub(crate) mod kept_event;
pub(crate) mod lifetime;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
pub(crate) mod observer;
pub(crate) mod policies;
pub(crate) mod presets;
mod rates;
pub(crate) mod report;
pub(crate) mod sizes;
mod spans;
pub(crate) mod stamp;
pub(crate) mod tag;
pub(crate) mod traces;
#[cfg(feature = "user-agent")]
pub(crate) mod user_agent;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use self::carrier::Carrier;
use self::clock::Clock;
use self::devices::MaxDevices;
use self::domain::Domain;
use self::ended::Ended;
use self::entropy::{Entropy, EntropyError};
use self::error_page::Renderer;
use self::lifetime::Lifetimes;
use self::observer::Observer;
use self::rates::Rates;
use self::traces::Traces;
use crate::{IdForm, Key, Moment, Record, ValueRule};

/// Everything that is decided once, at start: cookie, lifetimes, limits.
///
/// A policy that was built is right; every mistake is an error of [`build`](crate::PolicyBuilder::build) that
/// names the field and the remedy. The default is `__Host-session`, `Secure`, `HttpOnly`,
/// `SameSite=Lax`, `Path=/`, a persistent cookie, two weeks of inactivity (Django's default) and
/// no absolute limit.
///
/// ```
/// use std::time::Duration;
///
/// use session_core::Policy;
///
/// let policy = Policy::builder()
///     .idle(Duration::from_secs(30 * 60))
///     .absolute(Duration::from_secs(12 * 60 * 60))
///     .until_browser_close()
///     .build()?;
/// assert_eq!(policy.cookie_name(), "__Host-session");
///
/// let error = Policy::builder().path("/admin").build().unwrap_err();
/// assert!(error.to_string().contains("__Host-"));
/// # Ok::<(), session_core::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    pub(crate) name: Box<str>,
    /// The attributes that never change, from `; Path=` on.
    pub(crate) attributes: Box<str>,
    pub(crate) carrier: Carrier,
    /// The policy of bearers' requests, if others have a cookie.
    pub(crate) bearers: Option<Arc<Policy>>,
    pub(crate) domain: Domain,
    pub(crate) id_form: IdForm,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) rotation_grace: time::Duration,
    /// The age at which a secret is renewed, in microseconds.
    pub(crate) rotate_every: Option<i64>,
    pub(crate) clock_skew: time::Duration,
    pub(crate) watch_every: Duration,
    pub(crate) max_bytes: usize,
    pub(crate) max_value_bytes: Option<usize>,
    /// The store's.
    pub(crate) value_rule: ValueRule,
    pub(crate) refuses_when_gone: bool,
    /// Whether a session of nobody begins only after a consent.
    pub(crate) needs_consent: bool,
    pub(crate) traces: Traces,
    pub(crate) accepts_unstamped: bool,
    /// That sessions end for want of a stamp is said once.
    pub(crate) told_unstamped: Arc<AtomicBool>,
    pub(crate) max_devices: Option<MaxDevices>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) ended: Arc<Ended>,
    pub(crate) observer: Arc<dyn Observer>,
    rates: Arc<Rates>,
    pub(crate) error_page: Option<Renderer>,
}

impl Policy {
    /// Returns the cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.name
    }

    /// Returns the form of the sessions' ids.
    #[must_use]
    pub fn id_form(&self) -> IdForm {
        self.id_form
    }

    /// Returns how long a secret opens its session after it was rotated.
    #[must_use]
    pub fn rotation_grace(&self) -> Duration {
        self.rotation_grace.unsigned_abs()
    }

    /// Returns the age at which a session's secret is renewed by itself; `None` if it is not.
    #[must_use]
    pub fn rotate_every(&self) -> Option<Duration> {
        let micros = self.rotate_every?;
        Some(Duration::from_micros(micros.unsigned_abs()))
    }

    /// Returns how far apart the clocks of servers may be.
    #[must_use]
    pub fn clock_skew(&self) -> Duration {
        self.clock_skew.unsigned_abs()
    }

    /// Returns how often a session is looked at that is watched for its end.
    #[must_use]
    pub fn watch_every(&self) -> Duration {
        self.watch_every
    }

    /// Says whether a request whose changes were dropped with its session is answered with a 409.
    #[must_use]
    pub fn refuses_when_gone(&self) -> bool {
        self.refuses_when_gone
    }

    /// Returns the present moment by the policy's clock, in UTC.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Says whether a stored session is over at `now`, or was seen to be over by this process before
    /// a clock was set back.
    pub(crate) fn is_over(&self, key: Key, record: &Record, now: Moment) -> bool {
        self.lifetimes.of_record(record).is_over(record, now) || self.ended.has(key, now)
    }

    /// Draws unguessable bytes.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], EntropyError> {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes)?;
        Ok(bytes)
    }
}

/// The browser's rule for sending the cookie with requests that other sites caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "RFC 6265bis has three")]
pub enum SameSite {
    /// With top-level navigation only; the default.
    Lax,
    /// Always; needs `Secure`.
    None,
    /// Never; a link from elsewhere arrives signed out.
    Strict,
}
