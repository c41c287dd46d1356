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

session_core::session_methods! { Session, Rejection }

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

fn find<M: 'static>(parts: &Parts) -> Result<&Handle, SessionError> {
    let name = type_name::<M>();
    handle_named::<M>(&parts.extensions).ok_or(SessionError::NotAttached { name })
}
