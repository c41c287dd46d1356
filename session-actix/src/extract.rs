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
    /// It dereferences to [`RequestSession`], which can be saved early, and so to the
    /// [`session_core::Session`] that code for any framework is written against.
    ///
    /// Loading asks the store at most once a request, however many extractors there are, and not
    /// at all without a cookie. `M` says which middleware's session, if there are
    /// [several](crate::SessionMiddleware::named). It is `Send`, so tasks may take it along.
    ///
    /// actix-web makes `Option<Session>` a `None` of every rejection, an outage of the store included.
    /// `Result<Session, Rejection>` tells it from a missing middleware.
    pub struct Session(RequestSession);
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
