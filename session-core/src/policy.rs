use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::lifetime::Lifetime;
use crate::policy_builder::PolicyBuilder;

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
