use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use session_core::Handle;

use crate::rejection::Rejection;
use crate::slot::handle_named;

/// The visitor's session, loaded; dereferences to [`session_core::Session`].
///
/// Loading asks the store at most once a request, however many extractors there are, and not at
/// all without a cookie. `M` says which layer's session, if there are
/// [several](crate::SessionLayer::named). `Option<Session>` is none where no layer is around.
pub struct Session<M = ()> {
    session: session_core::Session,
    of: PhantomData<fn() -> M>,
}

impl<M> Session<M> {
    /// Returns the session as framework-free code knows it.
    #[must_use]
    pub fn into_inner(self) -> session_core::Session {
        self.session
    }
}

impl<M> From<session_core::Session> for Session<M> {
    fn from(session: session_core::Session) -> Self {
        Self {
            session,
            of: PhantomData,
        }
    }
}

impl<M> Deref for Session<M> {
    type Target = session_core::Session;

    fn deref(&self) -> &Self::Target {
        &self.session
    }
}

impl<M: 'static, S: Send + Sync> FromRequestParts<S> for Session<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let handle = find::<M>(parts)?;
        Ok(handle.load().await?.into())
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

impl<M> Clone for Session<M> {
    fn clone(&self) -> Self {
        self.session.clone().into()
    }
}

impl<M> fmt::Debug for Session<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(f)
    }
}

/// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
///
/// For handlers that may not need the session, and for a logout that costs one delete:
/// [`Handle::destroy`].
pub struct SessionHandle<M = ()> {
    handle: Handle,
    of: PhantomData<fn() -> M>,
}

impl<M> SessionHandle<M> {
    /// Returns the handle as framework-free code knows it.
    #[must_use]
    pub fn into_inner(self) -> Handle {
        self.handle
    }
}

impl<M> Deref for SessionHandle<M> {
    type Target = Handle;

    fn deref(&self) -> &Self::Target {
        &self.handle
    }
}

impl<M: 'static, S: Send + Sync> FromRequestParts<S> for SessionHandle<M> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Ok(Self {
            handle: find::<M>(parts)?.clone(),
            of: PhantomData,
        })
    }
}

impl<M> Clone for SessionHandle<M> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            of: PhantomData,
        }
    }
}

impl<M> fmt::Debug for SessionHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

fn find<M: 'static>(parts: &Parts) -> Result<&Handle, Rejection> {
    handle_named::<M>(&parts.extensions).ok_or(Rejection::MissingLayer {
        name: type_name::<M>(),
    })
}
