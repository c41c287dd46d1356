use std::any::type_name;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use session_core::Handle;

use crate::rejection::Rejection;
use crate::slot::SessionExt;

/// The visitor's session, loaded; dereferences to [`session_core::Session`].
///
/// Loading asks the store at most once a request, however many extractors there are, and not at
/// all without a cookie. `M` says which middleware's session, if there are
/// [several](crate::SessionMiddleware::named). It is `Send`, so tasks may take it along.
///
/// actix-web makes `Option<Session>` none of every rejection, an outage of the store included.
/// `Result<Session, Rejection>` tells it from a missing middleware.
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

impl<M: 'static> FromRequest for Session<M> {
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = find::<M>(request);
        Box::pin(async move { Ok(found?.load().await?.into()) })
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

impl<M: 'static> FromRequest for SessionHandle<M> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find::<M>(request).map(|handle| Self {
            handle,
            of: PhantomData,
        }))
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

fn find<M: 'static>(request: &HttpRequest) -> Result<Handle, Rejection> {
    let missing = Rejection::MissingMiddleware {
        name: type_name::<M>(),
    };
    request.session_handle_named::<M>().ok_or(missing)
}
