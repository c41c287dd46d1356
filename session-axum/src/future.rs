use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::BoxError;
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use session_core::{CommitError, Failure, Finish, Reply, Request};

use crate::headers::HeaderMapHeaders;
use crate::rejection::Rejection;

pin_project! {
    /// The future of [`SessionService`](crate::SessionService).
    ///
    /// It allocates only if there is something to commit. Dropped before the response's head is
    /// ready, because the handler panicked or the client went away, it commits nothing.
    pub struct ResponseFuture<F> {
        // `Some` until it is finished.
        guard: Option<Request>,
        // `Some` until it has completed.
        #[pin]
        inner: Option<F>,
        // `Some` once the head is ready, if the commit needs the store.
        commit: Option<Pin<Box<dyn Future<Output = Response<Body>> + Send>>>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, guard: Request) -> Self {
        Self {
            guard: Some(guard),
            inner: Some(inner),
            commit: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(inner) = this.inner.as_mut().as_pin_mut() {
            let outcome = ready!(inner.poll(context));
            // Requests inside of this one that panicked or were cut off are over before this one is.
            this.inner.set(None);
            // The service failed and there is no response, so nothing is committed.
            let response = outcome?.map(Body::new);
            let Some(guard) = this.guard.take() else {
                return Poll::Pending;
            };
            let pending = match guard.finish(response.status().as_u16()) {
                Ok(Finish::Pending(pending)) => pending,
                Ok(Finish::Done(reply)) => {
                    return Poll::Ready(Ok(answer(&guard, response, Ok(reply))));
                }
                Err(failed) => return Poll::Ready(Ok(answer(&guard, response, Err(failed)))),
            };
            let commit = async move { answer(&guard, response, pending.run().await) };
            *this.commit = Some(Box::pin(commit));
        }
        let commit = this.commit.as_mut();
        commit.map_or(Poll::Pending, |commit| {
            commit.as_mut().poll(context).map(Ok)
        })
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseFuture({:?})", self.guard)
    }
}

/// Puts the session's headers on the response, or on an error in its place.
fn answer(
    guard: &Request,
    mut response: Response<Body>,
    committed: Result<Reply, CommitError>,
) -> Response<Body> {
    let reply = committed.unwrap_or_else(|failed| {
        let (error, reply) = failed.into_parts();
        response = Rejection(error).into_response();
        reply
    });
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let page = guard.refuse(&failure);
        page.apply(&mut HeaderMapHeaders(response.headers_mut()));
        *response.body_mut() = page.into_body().into();
    }
    reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
    response
}
