use std::any::type_name;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use session_core::{Handle, RequestSession, SessionError, named};

use crate::rejection::Rejection;
use crate::slot::handle_named;

named! {
    /// The visitor's session, loaded.
    ///
    /// It dereferences to [`RequestSession`], which can be saved early, and through it to
    /// [`session_core::Session`], the type for framework-independent code.
    ///
    /// All extractors of a request share one load; without a cookie there is none. `M` selects the
    /// layer, if there are [several](crate::SessionLayer::named). `Option<Session>` is `None`
    /// outside of the layer.
    pub struct Session(RequestSession);
}

session_core::session_methods! { Session, Rejection, tokio::time::sleep, tokio::spawn }

impl Session {
    /// Extracts the unnamed session, for extractors of your own.
    pub async fn from_request_parts<S>(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(find::<()>(parts)?.load().await?.into())
    }
}

impl<M: 'static, S: Send + Sync> FromRequestParts<S> for Session<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(find::<M>(parts)?.load().await?.into())
    }
}

impl<M: 'static, S: Send + Sync> OptionalFromRequestParts<S> for Session<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        match handle_named::<M>(&parts.extensions) {
            Some(handle) => Ok(Some(handle.load().await?.into())),
            None => Ok(None),
        }
    }
}

named! {
    /// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
    ///
    /// For handlers that may not need the session, and for a logout that costs one delete:
    /// [`Handle::destroy`].
    pub struct SessionHandle(Handle);
}

session_core::handle_methods! { SessionHandle, Session, Rejection, |_, session: RequestSession| session.into() }

impl<M: 'static, S: Send + Sync> FromRequestParts<S> for SessionHandle<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(find::<M>(parts)?.clone().into())
    }
}

session_core::fresh! {
    /// A loaded [`Session`] whose owner signed in or re-authenticated within the last `SECONDS`: the gate before a
    /// sensitive handler.
    ///
    /// It rejects with a 401 if nobody is signed in, and with a 403 if the owner authenticated longer ago, whatever the
    /// activity since; ask for the password then, and call `reauthenticate`. See
    /// [`authenticated_within`](session_core::Session::authenticated_within).
    ///
    /// ```
    /// use session_axum::{Fresh, Rejection};
    ///
    /// async fn close_account(Fresh(session): Fresh<300>) -> Result<(), Rejection> {
    ///     session.destroy()
    /// }
    /// ```
    pub struct Fresh(Session);
}

impl<const SECONDS: u64, M: 'static, S: Send + Sync> FromRequestParts<S> for Fresh<SECONDS, M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self::admit(find::<M>(parts)?.load().await?.into())?)
    }
}

session_core::calm! {
    /// The visitor's session for reading, which is there also while the store is down: then it is nobody's, and empty.
    ///
    /// For pages that may be seen then; [`Session`] is for all others, and rejects with a 503. It can't be written, and a
    /// request with nothing else writes nothing and sets no cookie, so it does not extend the session's life. It dereferences to
    /// [`session_core::CalmSession`].
    ///
    /// ```
    /// use session_axum::{CalmSession, Rejection};
    ///
    /// async fn front_page(session: CalmSession) -> Result<String, Rejection> {
    ///     if session.is_outage() {
    ///         return Ok("Welcome! You can sign in again in a while.".into());
    ///     }
    ///     let name = session.get::<String>("name")?;
    ///     Ok(format!("Welcome, {}!", name.as_deref().unwrap_or("stranger")))
    /// }
    /// ```
    pub struct CalmSession(Rejection);
}

impl<M: 'static, S: Send + Sync> FromRequestParts<S> for CalmSession<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(find::<M>(parts)?.calm().await?.into())
    }
}

fn find<M: 'static>(parts: &Parts) -> Result<&Handle, SessionError> {
    let name = type_name::<M>();
    handle_named::<M>(&parts.extensions).ok_or(SessionError::NotAttached { name })
}
