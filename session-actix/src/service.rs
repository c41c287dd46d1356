use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, forward_ready};
use actix_web::http::header::{COOKIE, HeaderValue};
use actix_web::{Error, HttpMessage};
use session_core::Sessions;

use crate::future::{Opened, ResponseFuture};
use crate::middleware::When;
use crate::rejection::Rejection;
use crate::slot::Slot;

/// What [`SessionMiddleware`](crate::SessionMiddleware) makes of a service.
pub struct SessionService<S, M = ()> {
    // Shared with requests that wait for their session.
    inner: Rc<S>,
    sessions: Sessions,
    load: When,
    of: PhantomData<fn() -> M>,
}

impl<S, M> SessionService<S, M> {
    pub(crate) fn new(inner: S, sessions: Sessions, load: When) -> Self {
        Self {
            inner: Rc::new(inner),
            sessions,
            load,
            of: PhantomData,
        }
    }
}

impl<S, M, B> Service<ServiceRequest> for SessionService<S, M>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    M: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let cookies = request.headers().get_all(COOKIE);
        let handle = self.sessions.open(cookies.map(HeaderValue::as_bytes));
        let slot = Slot::<M>::new(handle.clone());
        request.extensions_mut().insert(slot);
        let opened = Opened(handle);
        match self.load {
            When::Asked => ResponseFuture::new(self.inner.call(request), opened),
            When::Always => {
                let (inner, handle) = (Rc::clone(&self.inner), opened.0.clone());
                let load = async move {
                    match handle.load().await {
                        Ok(_) => Ok(inner.call(request)),
                        Err(error) => Err(request.error_response(Rejection::from(error))),
                    }
                };
                ResponseFuture::preload(load, opened)
            }
        }
    }
}

impl<S: fmt::Debug, M> fmt::Debug for SessionService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService")
            .field("inner", &self.inner)
            .field("name", &type_name::<M>())
            .field("sessions", &self.sessions)
            .field("load", &self.load)
            .finish()
    }
}
