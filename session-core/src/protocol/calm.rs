use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::exchange::Exchange;
use super::past::Past;
use super::session::Session;
use super::shared::Shared;
use crate::{Event, EventKind, Field, Moment, Policy, Reason, Reply, SessionError};

/// A visitor's session for reading, which is there also while the store is down: then it is nobody's, and empty.
///
/// For pages that may be seen then: a shop's front page that shows a name if it can. [`Session`] is for all others: its
/// extractor answers an outage with a 503, because a page that takes an outage for "signed out" misleads people, and a
/// gate that does so is wrong. So each handler's type says what an outage means for it.
///
/// It can't be written, and a request that has nothing else **writes nothing and sets no cookie**: it is no activity, so it neither
/// extends the session's life nor renews its id, and what is over is removed by others. Nor does it end the grace of a secret that was
/// rotated, as the browser's first usual request with the new one does, and it can't [check a credential](Session::check_credential):
/// show no private data from it. If the same request asks for the
/// [`Session`] too, both are one, loaded once: the request is a usual one, and this one reads what that one has changed.
///
/// An outage is told to the policy's [observer](crate::Observer) once a request, as [`EventKind::UpkeepFailed`], and the store is not
/// asked again for this type. No cache may keep the response (`no-store`), or people would go on seeing it.
///
/// ```
/// use session_core::{CalmSession, SessionError};
///
/// fn greeting(session: &CalmSession) -> Result<String, SessionError> {
///     if session.is_outage() {
///         return Ok("Welcome! You can sign in again in a while.".into());
///     }
///     let name = session.get::<String>("name")?;
///     Ok(name.map_or("Welcome!".into(), |name| format!("Welcome back, {name}!")))
/// }
/// # use session_core::{Policy, Sessions};
/// # use session_testkit::{FaultyStore, ModelStore};
/// # let store = FaultyStore::new(ModelStore::new());
/// # let sessions = Sessions::new(Policy::default(), store.clone());
/// # pollster::block_on(async {
/// # let login = sessions.open([]);
/// # login.handle().load().await?.insert("name", "Ada")?;
/// # let cookie = login.commit(200).await?.set_cookie().unwrap().to_owned();
/// # let request = sessions.open([cookie.as_bytes()]);
/// # let handle = request.handle();
/// assert_eq!(greeting(&handle.calm().await?)?, "Welcome back, Ada!");
///
/// store.go_down();
/// # let request = sessions.open([cookie.as_bytes()]);
/// # let handle = request.handle();
/// assert!(greeting(&handle.calm().await?)?.contains("in a while"));
/// assert!(handle.load().await.is_err());
/// # Ok::<(), SessionError>(()) })?;
/// # Ok::<(), SessionError>(())
/// ```
///
/// There is no way to write:
///
/// ```compile_fail,E0599
/// fn write(session: &session_core::CalmSession) {
///     let _ = session.insert("name", "Ada");
/// }
/// ```
#[derive(Clone)]
#[doc(alias = "ReadOnlySession")]
pub struct CalmSession(Option<Session>);

impl CalmSession {
    /// Makes it of what a load has brought; for servers that drive the protocol themselves. An outage is told to the
    /// observer, unless it was told as [`StoreFailed`](Policy::store_failed).
    ///
    /// # Errors
    ///
    /// The load's, unless it is a store's.
    pub fn of(
        policy: &Policy,
        loaded: Result<Session, SessionError>,
    ) -> Result<Self, SessionError> {
        match loaded {
            Ok(session) => Ok(Self(Some(session))),
            Err(SessionError::Store(failed)) => {
                if failed.tells() {
                    let error = SessionError::Store(failed);
                    let event = Event::new(EventKind::UpkeepFailed, policy.now());
                    policy.tell(event.because(Reason::Error(&error)));
                }
                Ok(Self::of_outage())
            }
            Err(error) => Err(error),
        }
    }

    /// That of an outage which was told before.
    pub(crate) fn of_outage() -> Self {
        Self(None)
    }

    /// Says whether the store is down, so that nobody knows who this is.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.0.is_none()
    }

    /// Says whether a stored session was loaded, as [`Session::exists`].
    #[must_use]
    pub fn exists(&self) -> bool {
        self.0.as_ref().is_some_and(Session::exists)
    }

    /// Returns who is signed in; `None` is nobody, or an outage.
    #[must_use]
    pub fn owner(&self) -> Option<Arc<str>> {
        self.0.as_ref().and_then(Session::owner)
    }

    /// Reads a value; `None` if it is absent, or in an outage.
    ///
    /// # Errors
    ///
    /// The value is there, but not of this type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, SessionError> {
        self.read(|session| session.get(key))
    }

    /// Reads a [`Field`], as [`Field::get`].
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn get_field<T, P: Past<T>>(&self, field: &Field<T, P>) -> Result<Option<T>, SessionError> {
        self.read(|session| field.get(session))
    }

    /// Says whether there is a value.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.as_ref().is_some_and(|session| session.contains(key))
    }

    /// Returns names and JSON texts of all values, as [`Session::iter`].
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> + use<> {
        self.0
            .iter()
            .flat_map(Session::iter)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Says whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(Session::is_empty)
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Session) -> Result<Option<T>, SessionError>,
    ) -> Result<Option<T>, SessionError> {
        match &self.0 {
            Some(session) => read(session),
            None => Ok(None),
        }
    }
}

impl Exchange {
    /// Closes the exchange of a request that has asked for nothing but a [`CalmSession`], and writes nothing.
    ///
    /// If it is still a question, the store has failed to answer.
    pub fn finish_calm(self, now: Moment) -> Reply {
        match self {
            unread @ Self::Unread(_) => unread.abandon(now).in_outage(),
            Self::Open(opened) => opened.shared().close_calm(now),
        }
    }
}

impl Shared {
    /// Closes a session that was only read, with nothing to write.
    pub(crate) fn close_calm(&self, now: Moment) -> Reply {
        self.close();
        self.reply(now)
    }
}

impl fmt::Debug for CalmSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CalmSession")
            .field("exists", &self.exists())
            .field("is_outage", &self.is_outage())
            .finish_non_exhaustive()
    }
}
