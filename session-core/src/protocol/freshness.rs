use std::time::Duration;

use super::session::Session;
use crate::policy::lifetime::signed;
use crate::{Moment, SessionError};

impl Session {
    /// Says whether the owner signed in or re-authenticated no longer ago than this, whatever the activity since: the
    /// gate before a sensitive page. (ASVS 5.0, 7.5.1 and 7.5.3.)
    ///
    /// It goes by the policy's clock and [`authenticated_at`](Self::authenticated_at): where servers' clocks differ, a
    /// moment counts as up to that much fresher, and one that is further ahead than the policy's
    /// [clock skew](crate::PolicyBuilder::clock_skew) as none. A request that crosses a re-authentication with the id
    /// from before it is refused. `false` if nobody is signed in.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use session_core::{ManualClock, Policy, Sessions, SessionError};
    /// # use std::sync::Arc;
    /// # let clock = Arc::new(ManualClock::new(time::OffsetDateTime::UNIX_EPOCH));
    /// # let policy = Policy::builder().clock(Arc::clone(&clock)).build().unwrap();
    /// # let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// session.sign_in("ada")?;
    /// session.save().await?;
    /// clock.advance(Duration::from_secs(300));
    /// assert!(session.authenticated_within(Duration::from_secs(300)));
    /// clock.advance(Duration::from_secs(1));
    /// assert!(!session.authenticated_within(Duration::from_secs(300)));
    ///
    /// session.reauthenticate()?;
    /// session.save().await?;
    /// assert!(session.authenticated_within(Duration::from_secs(300)));
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    #[must_use]
    pub fn authenticated_within(&self, within: Duration) -> bool {
        let now = self.0.policy.now();
        self.authenticated_at().is_some_and(|moment| {
            let ago = now - Moment::of(moment);
            ago <= signed(within) && ago >= -self.0.policy.clock_skew
        })
    }

    /// Refuses a session that is not [fresh](Self::authenticated_within); for the gates of adapters.
    ///
    /// # Errors
    ///
    /// Nobody is signed in (401), or the owner authenticated longer ago (403).
    pub fn require_authenticated_within(&self, within: Duration) -> Result<(), SessionError> {
        if self.owner().is_none() {
            return Err(SessionError::NotSignedIn);
        }
        if !self.authenticated_within(within) {
            return Err(SessionError::NotFresh);
        }
        Ok(())
    }
}
