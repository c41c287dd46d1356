use std::any::type_name;
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use session_core::{Handle, RequestSession, SessionError, named};

use crate::rejection::Rejection;
use crate::slot::SessionExt;

named! {
    /// The visitor's session, loaded.
    ///
    /// It dereferences to [`RequestSession`], which can be saved early, and through it to
    /// [`session_core::Session`], the type for framework-independent code.
    ///
    /// All extractors of a request share one load; without a cookie there is none. `M` selects the
    /// middleware, if there are [several](crate::SessionMiddleware::named). The session is `Send`,
    /// so it can move into tasks.
    ///
    /// In actix-web every rejection makes `Option<Session>` a `None`, a store outage too.
    /// `Result<Session, Rejection>` distinguishes an outage from a missing middleware.
    pub struct Session(RequestSession);
}

session_core::session_methods! { Session, Rejection }

impl Session {
    /// Extracts the unnamed session, for extractors of your own.
    pub fn extract(request: &HttpRequest) -> <Self as FromRequest>::Future {
        <Self as FromRequest>::from_request(request, &mut Payload::None)
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

named! {
    /// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
    ///
    /// For handlers that may not need the session, and for a logout that costs one delete:
    /// [`Handle::destroy`].
    pub struct SessionHandle(Handle);
}

session_core::handle_methods! { SessionHandle, Session, Rejection, |_, session: RequestSession| session.into() }

impl<M: 'static> FromRequest for SessionHandle<M> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find::<M>(request).map(Self::from))
    }
}

fn find<M: 'static>(request: &HttpRequest) -> Result<Handle, Rejection> {
    let name = type_name::<M>();
    let handle = request.session_handle_named::<M>();
    Ok(handle.ok_or(SessionError::NotAttached { name })?)
}
