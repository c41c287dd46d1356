use std::time::Duration;

use super::Policy;
use super::builder::PolicyBuilder;

impl Policy {
    /// Starts from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// The defaults, for plain http on one's own machine: the cookie is `session` and has no `Secure`.
    ///
    /// In production use the default, also behind a proxy that speaks https for the application:
    /// without `Secure`, browsers send the id over plain http, where others can read it.
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let policy = if cfg!(debug_assertions) {
    ///     Policy::development()
    /// } else {
    ///     Policy::default()
    /// };
    /// # let policy = Policy::development();
    /// assert_eq!(policy.cookie_name(), "session");
    /// ```
    #[must_use]
    pub fn development() -> Self {
        Self::builder().insecure().assemble()
    }
}

/// The limits of NIST SP 800-63B-4, whose cookies the default ones are: `Secure`, `HttpOnly`, `SameSite=Lax`, `__Host-` (5.1.1).
///
/// After either limit the owner has to sign in again. `sign_in` begins both anew, also for the owner who is signed in;
/// [`reauthenticate`](crate::Session::reauthenticate) leaves the overall limit as it is. What they say of authenticators is
/// the application's.
///
/// A session's own lifetime takes the place of the limit for inactivity: under `aal2`, [`set_expiry`](crate::Session::set_expiry)
/// with [`After`](crate::Expiry::After) ten hours lets that session go unused for ten hours, and its cookie outlive the browser. Only the
/// overall limit stays. A report can't see it, so leave such calls out under a level.
impl Policy {
    /// Begins with the limits of authentication assurance level 1: 30 days overall (NIST SP 800-63B-4, 2.1.3).
    ///
    /// There is none for inactivity, and the default of 14 days stays. So does a cookie that outlives the browser, although
    /// 5.1 has a SHOULD NOT for that: at 30 days it is what people expect. [`until_browser_close`](PolicyBuilder::until_browser_close) follows it.
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let policy = Policy::aal1().until_browser_close().build()?;
    /// assert!(policy.report().to_string().contains("within the limits of AAL1"));
    /// # Ok::<(), session_core::PolicyError>(())
    /// ```
    pub fn aal1() -> PolicyBuilder {
        LEVELS[0].builder()
    }

    /// Begins with the limits of level 2: 24 hours overall and an hour of inactivity, until the browser closes (NIST SP 800-63B-4,
    /// 2.2.3 and 5.1). The revision before had 12 hours and 30 minutes (SP 800-63B, 4.2.3).
    ///
    /// ```
    /// use session_core::{Overflow, Policy};
    ///
    /// let policy = Policy::aal2().max_devices(5, Overflow::EndOldest).build()?;
    /// assert!(policy.report().iter().all(|finding| finding.is_ok()));
    /// # Ok::<(), session_core::PolicyError>(())
    /// ```
    pub fn aal2() -> PolicyBuilder {
        LEVELS[1].builder().until_browser_close()
    }

    /// Begins with the limits of level 3: 12 hours overall and 15 minutes of inactivity, until the browser closes (NIST SP 800-63B-4,
    /// 2.3.3 and 5.1), as in the revision before (SP 800-63B, 4.3.3).
    ///
    /// ```
    /// use session_core::Policy;
    ///
    /// let policy = Policy::aal3().build()?;
    /// assert!(policy.report().to_string().contains("within the limits of AAL3"));
    /// # Ok::<(), session_core::PolicyError>(())
    /// ```
    pub fn aal3() -> PolicyBuilder {
        LEVELS[2].builder().until_browser_close()
    }
}

/// An authentication assurance level's limits.
pub(super) struct Level {
    pub(super) name: &'static str,
    pub(super) absolute: Duration,
    pub(super) idle: Option<Duration>,
}

impl Level {
    fn builder(&self) -> PolicyBuilder {
        let builder = Policy::builder().absolute(self.absolute);
        match self.idle {
            Some(idle) => builder.idle(idle),
            None => builder,
        }
    }
}

/// The levels of NIST SP 800-63B-4: sections 2.1.3, 2.2.3 and 2.3.3.
pub(super) const LEVELS: [Level; 3] = [
    Level {
        name: "AAL1",
        absolute: Duration::from_secs(30 * 24 * 60 * 60),
        idle: None,
    },
    Level {
        name: "AAL2",
        absolute: Duration::from_secs(24 * 60 * 60),
        idle: Some(Duration::from_secs(60 * 60)),
    },
    Level {
        name: "AAL3",
        absolute: Duration::from_secs(12 * 60 * 60),
        idle: Some(Duration::from_secs(15 * 60)),
    },
];

impl Default for Policy {
    fn default() -> Self {
        Self::builder().assemble()
    }
}
