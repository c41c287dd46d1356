use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::BoxError;
use axum_core::body::Body;
use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;
use session_core::{Finish, Handle, Reply, SessionError};

use crate::headers::HeaderMapHeaders;
use crate::rejection::opaque;

type Commit = Pin<Box<dyn Future<Output = Result<Reply, SessionError>> + Send>>;

pin_project! {
    /// The future of [`SessionService`](crate::SessionService).
    ///
    /// It allocates only if there is something to commit. Dropped before the response's head is
    /// ready, because the handler panicked or the client went away, it commits nothing.
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Until the head is ready.
        handle: Option<Handle>,
        // From then on, if the store is to be asked.
        commit: Option<(Response<Body>, Commit)>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(handle) = this.project().handle.take() {
                handle.abandon();
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, handle: Handle) -> Self {
        Self {
            inner,
            handle: Some(handle),
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
        let this = self.project();
        if this.commit.is_none() {
            // An error of the service is no response, so nothing is committed: the drop abandons.
            let response = ready!(this.inner.poll(context))?.map(Body::new);
            let Some(handle) = this.handle.take() else {
                return Poll::Ready(Ok(response));
            };
            match handle.finish(response.status().as_u16()) {
                Ok(Finish::Done(reply)) => return Poll::Ready(Ok(answer(response, Ok(reply)))),
                Ok(Finish::Pending(pending)) => {
                    *this.commit = Some((response, Box::pin(pending.run())));
                }
                Err(error) => return Poll::Ready(Ok(answer(response, Err(error)))),
            }
        }
        let Some((_, commit)) = this.commit else {
            return Poll::Pending;
        };
        let outcome = ready!(commit.as_mut().poll(context));
        let Some((response, _)) = this.commit.take() else {
            return Poll::Pending;
        };
        Poll::Ready(Ok(answer(response, outcome)))
    }
}

impl<F> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("handle", &self.handle)
            .field("commits", &self.commit.is_some())
            .finish_non_exhaustive()
    }
}

/// Puts the session's headers on the response, or a 503 in its place.
fn answer(mut response: Response<Body>, outcome: Result<Reply, SessionError>) -> Response<Body> {
    match outcome {
        Ok(reply) => {
            reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
            response
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "session not committed"
            );
            opaque(&error)
        }
    }
}
