use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::ServiceResponse;
use pin_project_lite::pin_project;
use session_core::{CommitError, Finish, Reply, Request};

use crate::headers::HeaderMapHeaders;
use crate::rejection::Rejection;

pin_project! {
    /// The future of [`SessionService`](crate::SessionService).
    ///
    /// It allocates only if there is something to commit, or to preload. Dropped before the
    /// response's head is ready, because the handler panicked or the client went away, it
    /// commits nothing.
    pub struct ResponseFuture<F, B> {
        guard: Option<Request>,
        // `Some` until it has completed.
        #[pin]
        inner: Option<F>,
        // The remaining work that needs the store.
        rest: Option<Pin<Box<dyn Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>>>>>,
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn new(guard: Request, inner: F) -> Self {
        let (guard, inner, rest) = (Some(guard), Some(inner), None);
        Self { guard, inner, rest }
    }

    /// Runs another future in place of the inner service, such as one that preloads first.
    pub(crate) fn instead(
        rest: impl Future<Output = Result<ServiceResponse<EitherBody<B>>, Error>> + 'static,
    ) -> Self {
        Self {
            guard: None,
            inner: None,
            rest: Some(Box::pin(rest)),
        }
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: 'static,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let (Some(guard), Some(inner)) = (this.guard, this.inner.as_mut().as_pin_mut()) {
            let outcome = ready!(inner.poll(context));
            this.inner.set(None);
            // The error is not converted to a response for this: some errors allow that only once.
            let status = match &outcome {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            let pending = match guard.finish(status.as_u16()) {
                Ok(Finish::Pending(pending)) => pending,
                Ok(Finish::Done(reply)) => return Poll::Ready(answer(outcome, Ok(reply))),
                Err(error) => return Poll::Ready(answer(outcome, Err(error))),
            };
            let commit = async { answer(outcome, pending.run().await) };
            *this.rest = Some(Box::pin(commit));
        }
        let rest = this.rest.as_mut();
        rest.map_or(Poll::Pending, |rest| rest.as_mut().poll(context))
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseFuture({:?})", self.guard)
    }
}

/// Puts the session's headers on the inner service's outcome, or on a 503 in its place.
pub(crate) fn answer<B>(
    outcome: Result<ServiceResponse<B>, Error>,
    committed: Result<Reply, CommitError>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match (outcome, committed.map_err(CommitError::into_parts)) {
        (Ok(response), Ok(reply)) => Ok(with(&reply, response.map_into_left_body())),
        (Err(error), Ok(reply)) => Err(error_with(reply, error)),
        (Ok(response), Err((error, reply))) => {
            let outage = response.error_response(Rejection(error));
            Ok(with(&reply, outage.map_into_right_body()))
        }
        // An error has no request of its own, so no response can be built.
        (Err(_), Err((error, reply))) => Err(error_with(reply, Rejection(error).into())),
    }
}

fn with<B>(reply: &Reply, mut response: ServiceResponse<B>) -> ServiceResponse<B> {
    reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
    response
}

fn error_with(reply: Reply, mut error: Error) -> Error {
    error.add_response_mapper(move |mut response| {
        reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
        response
    });
    error
}
