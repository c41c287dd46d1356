use std::time::Duration;

use super::builder::PolicyBuilder;
use super::error::PolicyError;
use crate::IdForm;

/// What a login does whose owner has as many sessions as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// It ends the session that was used longest ago.
    EndOldest,
    /// It is refused, with [`SessionError::TooManyDevices`](crate::SessionError::TooManyDevices).
    Refuse,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct MaxDevices {
    pub(crate) limit: usize,
    pub(crate) overflow: Overflow,
}

impl MaxDevices {
    pub(super) fn check(self, id_form: IdForm) -> Result<(), PolicyError> {
        if self.limit == 0 {
            return Err(PolicyError::MaxDevices(
                "must be at least 1, or nobody could sign in",
            ));
        }
        if id_form == IdForm::Plain {
            return Err(PolicyError::MaxDevices(
                "does not go with plain ids, whose store can't list an owner's sessions by an index; drop `plain_ids` or `max_devices`",
            ));
        }
        Ok(())
    }
}

/// How exact the last use of a session is by default under a cap.
pub(super) const USE_OF_CAPPED: Duration = Duration::from_secs(60);

impl PolicyBuilder {
    /// Limits the live sessions of one owner, the new one included; the one that a login leaves does not count.
    ///
    /// Once racing logins are all answered there are never more. With [`Overflow::EndOldest`] a login that is outrun by
    /// as many newer ones as there may be is a 409 ([`SessionError::Gone`](crate::SessionError::Gone)) without a
    /// cookie, and so is each one that [`Overflow::Refuse`] refuses. Of two logins that race for the last place, both
    /// may be refused. A refusal changes nothing, except that what the request has destroyed is gone, and it drops the
    /// request's other changes.
    ///
    /// The last use is exact to [`touch_every`](Self::touch_every), whose default is a minute at most here. The list is
    /// the store's: two policies on one store share it, so prefix the owners of one of them. A login costs two lists
    /// more. It is best effort where an index can be lost (see Redis' `RevocationScan`), and where some servers have
    /// the cap and others do not yet; a list far above the cap shrinks by a thousand sessions a login.
    ///
    /// ```
    /// # use session_core::{Overflow, Policy, SessionError, Sessions};
    /// let policy = Policy::builder().max_devices(1, Overflow::Refuse).build().unwrap();
    /// # let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// for (browser, status) in [("first", None), ("second", Some(409))] {
    ///     let request = sessions.open([]);
    ///     let session = request.handle().load().await?;
    ///     session.sign_in("ada")?;
    ///     let refused = request.commit(200).await.err();
    ///     assert_eq!(refused.map(|failed| failed.error().status()), status, "{browser}");
    /// }
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    pub fn max_devices(mut self, limit: usize, overflow: Overflow) -> Self {
        self.max_devices = Some(MaxDevices { limit, overflow });
        self
    }

    /// Lets a session without a stamp of its owner's credential pass
    /// [`check_credential`](crate::Session::check_credential); by default it ends.
    ///
    /// For the time in which an application begins to use stamps: sessions from before, and those that servers of the
    /// release before begin, have none. A change of the password does not end them, so drop it once they are over.
    /// Where ids are plain, they always pass.
    pub fn accept_unstamped(mut self) -> Self {
        self.accepts_unstamped = true;
        self
    }
}
