pub(crate) mod builder;
pub(crate) mod clock;
pub(crate) mod entropy;
pub(crate) mod lifetime;

use std::sync::Arc;

use thiserror::Error;
use time::{Duration, OffsetDateTime};

use crate::policy::builder::PolicyBuilder;
use crate::policy::clock::Clock;
use crate::policy::entropy::Entropy;
use crate::policy::lifetime::Lifetime;

/// Everything that is decided once, at start: cookie, lifetimes, limits.
///
/// A policy that was built is right; every mistake is an error of [`PolicyBuilder::build`] that
/// names the field and the remedy. The default is `__Host-session`, `Secure`, `HttpOnly`,
/// `SameSite=Lax`, `Path=/`, a persistent cookie, two weeks of inactivity (Django's default) and
/// no absolute limit.
///
/// ```
/// use session_core::{Policy, SameSite};
/// use time::Duration;
///
/// let policy = Policy::builder()
///     .idle(Duration::minutes(30))
///     .absolute(Duration::hours(12))
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
    pub(crate) lifetime: Lifetime,
    pub(crate) renewal_grace: Duration,
    pub(crate) renewal_grace_reads: bool,
    pub(crate) max_bytes: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Policy {
    /// Starts from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Returns the cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        &self.name
    }

    /// Returns how long an id is recognised after it was renewed.
    #[must_use]
    pub fn renewal_grace(&self) -> Duration {
        self.renewal_grace
    }

    /// Returns the present moment by the policy's clock.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::builder().assemble()
    }
}

/// When a browser sends the cookie along with requests that other sites caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// With top-level navigation only; the default.
    Lax,
    /// Always; needs `Secure`.
    None,
    /// Never; a link from elsewhere arrives signed out.
    Strict,
}

/// A policy that cannot work, with the field and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// `domain` is empty.
    #[error("domain: an empty Domain is none; leave it out")]
    EmptyDomain,
    /// `renewal_grace` is negative or longer than five minutes.
    #[error("renewal_grace: must be from zero to 5 minutes; it covers requests under way")]
    Grace,
    /// An attribute has a character that would end it.
    #[error(
        "{field}: {value:?} has a character that a cookie's attribute can't carry (a control character, a space, `;` or `,`)"
    )]
    Illegal {
        /// The field.
        field: &'static str,
        /// What it was set to.
        value: String,
    },
    /// The cookie would be kept for longer than browsers do.
    #[error(
        "idle: browsers keep no cookie longer than 400 days (34560000 s), this asks for {0} s; shorten idle or absolute, or use until_browser_close"
    )]
    MaxAge(i64),
    /// The cookie's name is no RFC 9110 token.
    #[error("cookie_name: {0:?} is no cookie name; use letters, digits and any of !#$%&'*+-.^_`|~")]
    Name(String),
    /// `SameSite=None` or `Partitioned` on an insecure cookie, which browsers drop.
    #[error("{0} needs Secure; drop `insecure`")]
    NeedsSecure(&'static str),
    /// `touch_every` is negative.
    #[error("touch_every: must be zero or more")]
    NegativeThrottle,
    /// A duration or size of zero or less.
    #[error("{0}: must be more than zero")]
    NotPositive(&'static str),
    /// `path` is not absolute.
    #[error("path: {0:?} must begin with /")]
    Path(String),
    /// The name has a prefix whose conditions are not met (RFC 6265bis, 4.1.3); browsers would drop the cookie.
    #[error("cookie_name: {name:?} needs {needs}")]
    Prefix {
        /// The name.
        name: String,
        /// What its prefix asks for.
        needs: &'static str,
    },
}
