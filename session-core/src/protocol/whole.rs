use std::fmt;

use super::session::Session;

/// A guard that a handler holds while it makes changes that belong together; see
/// [`Session::all_or_nothing`].
#[must_use = "a guard that is dropped drops the request's changes"]
pub struct AllOrNothing(Session);

impl Session {
    /// Begins changes of which the response commits all or none.
    ///
    /// Until [`done`](AllOrNothing::done) is called, the response commits nothing but a logout,
    /// whatever its status. So a handler that is cut off while it waits, by a time limit or because it
    /// returns early with an error, leaves no half of its work. (Without a guard, only a status of 500
    /// or more, 408 or 499 drops the changes.) An early `save` commits all the same.
    ///
    /// ```
    /// use session_core::{Session, SessionError};
    ///
    /// async fn pay(session: &Session, amount: u32) -> Result<(), SessionError> {
    ///     let all = session.all_or_nothing();
    ///     session.insert("debited", amount)?;
    ///     std::future::ready(()).await; // a bank that may take too long
    ///     session.insert("credited", amount)?;
    ///     all.done();
    ///     Ok(())
    /// }
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// let request = sessions.open([]);
    /// let session = request.handle().load().await?;
    /// let all = session.all_or_nothing();
    /// session.insert("debited", 7)?;
    /// drop(all); // the handler was cut off
    /// assert!(request.commit(200).await?.set_cookie().is_none());
    ///
    /// let request = sessions.open([]);
    /// pay(&*request.handle().load().await?, 7).await?;
    /// assert!(request.commit(200).await?.set_cookie().is_some());
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    pub fn all_or_nothing(&self) -> AllOrNothing {
        self.0.state().undone += 1;
        AllOrNothing(self.clone())
    }
}

impl AllOrNothing {
    /// Ends the guard: the response commits the changes.
    pub fn done(self) {
        let mut state = self.0.0.state();
        state.undone = state.undone.saturating_sub(1);
    }
}

impl fmt::Debug for AllOrNothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllOrNothing")
    }
}
