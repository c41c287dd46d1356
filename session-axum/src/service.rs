use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use axum_core::BoxError;
use axum_core::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, COOKIE};
use http::{HeaderValue, Request, Response};
use session_core::Sessions;
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::slot::Slot;

/// A service inside a [`SessionLayer`](crate::SessionLayer).
pub struct SessionService<S, M = ()> {
    inner: S,
    sessions: Sessions,
    of: PhantomData<fn() -> M>,
}

impl<S, M> SessionService<S, M> {
    pub(crate) fn new(inner: S, sessions: Sessions) -> Self {
        Self {
            inner,
            sessions,
            of: PhantomData,
        }
    }
}

impl<S, M, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, M>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: http_body::Body<Data = Bytes> + Send + 'static,
    ResBody::Error: Into<BoxError>,
    M: 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let values = |name| request.headers().get_all(name).iter();
        let cookies = values(COOKIE).map(HeaderValue::as_bytes);
        let authorization = || values(AUTHORIZATION).map(HeaderValue::as_bytes);
        let outer = request.extensions().get();
        let outer = outer.map(|Slot(outer)| outer.clone());
        let guard = self
            .sessions
            .open_named::<M, _>(outer, cookies, authorization);
        let guard = guard.accepting(|| Some(request.headers().get(ACCEPT)?.as_bytes()));
        let slot = Slot(guard.handle().clone());
        request.extensions_mut().insert(slot);
        // Opening is synchronous, so this calls the very service that was polled ready.
        ResponseFuture::new(guard, self.inner.call(request))
    }
}

impl<S: Clone, M> Clone for SessionService<S, M> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.sessions.clone())
    }
}

impl<S: fmt::Debug, M> fmt::Debug for SessionService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionService({:?}, {:?})", self.inner, self.sessions)
    }
}
