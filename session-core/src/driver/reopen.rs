use std::any::TypeId;
use std::sync::Arc;

use super::drive::RequestSession;
use super::request_state::{OwnStore, RequestState};
use crate::SessionError;
use crate::http::cookie::Presented;

impl RequestSession {
    /// Loads the session once more, for a socket that goes on after its request's answer and wants to read or write.
    ///
    /// Reopen for each message, and [`save`](Self::save) what is to stay; what is not saved is dropped. The socket stays what
    /// its request was let in as: it goes on when the id is renewed, and sees no later moment of authentication. So a
    /// [re-authentication](crate::Session::reauthenticate) does not end it; a logout or a revocation does.
    ///
    /// Values can be read and changed, and the session destroyed. There is no response that could carry an id or a
    /// cookie's new end, so a sign-in, a cycle, a re-authentication and another lifetime are errors
    /// ([`SessionError::Reopened`]), and nothing extends the session's life.
    ///
    /// ```
    /// # use session_core::{RequestSession, SessionError};
    /// async fn on_message(session: &RequestSession) -> Result<u32, SessionError> {
    ///     let now = session.reopen().await?;
    ///     now.update("messages", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    ///     now.save().await?;
    ///     Ok(now.get("messages")?.unwrap_or_default())
    /// }
    /// # let sessions = session_core::Sessions::new(Default::default(), session_testkit::ModelStore::new());
    /// # pollster::block_on(async {
    /// # let request = sessions.open([]);
    /// # let session = request.handle().load().await?;
    /// # session.sign_in("ada")?;
    /// # request.commit(101).await?;
    /// // The response has begun.
    /// assert!(matches!(session.insert("late", 1), Err(SessionError::Finished)));
    /// assert_eq!(on_message(&session).await?, 1);
    /// assert_eq!(on_message(&session).await?, 2);
    /// # Ok::<(), SessionError>(()) })?;
    /// # Ok::<(), SessionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionError::Gone`] if the session has ended, or a sign-in has left it; [`SessionError::NoSession`] if the request
    /// never had one, has destroyed it, or has found at its commit that it was gone; [`Unsaved`](SessionError::Unsaved) if
    /// it has begun one that is not stored; the store failed; or it is in its cookie, a 501.
    pub async fn reopen(&self) -> Result<Self, SessionError> {
        self.check_is_stored()?;
        let before = self.watchable()?;
        let store = &self.sessions().backing.store;
        let now = self.sessions().policy().now();
        let present = &before.record.secrets.present;
        let found = store.load(&before.key, present, now).await;
        let owner = before.record.owner.as_deref();
        let handle = Some(before.key.public_id());
        let policy = self.sessions().policy();
        let found = found.map_err(|error| policy.failed_at(error.into(), handle, owner))?;
        let session = self.reopened(&before, found, now)?;
        Ok(Self::new(session, Arc::new(self.request_of_its_own())))
    }

    /// A request that nobody finishes, for the gate and the store of early saves.
    fn request_of_its_own(&self) -> RequestState {
        let nothing = (Presented::default(), OwnStore::None);
        let is_bearers = self.is_bearers();
        RequestState::new(
            self.sessions().clone(),
            nothing,
            TypeId::of::<()>(),
            None,
            is_bearers,
        )
    }
}
