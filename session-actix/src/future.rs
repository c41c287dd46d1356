use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::body::EitherBody;
use actix_web::dev::ServiceResponse;
use actix_web::{Error, HttpResponse};
use pin_project_lite::pin_project;
use session_core::{Finish, Handle, Reply, SessionError};

use crate::headers::HeaderMapHeaders;
use crate::rejection::Rejection;

pin_project! {
    /// The future of [`SessionService`](crate::SessionService).
    ///
    /// It allocates only if there is something to commit, or to preload. Dropped before the
    /// response's head is ready, because the handler panicked or the client went away, it
    /// commits nothing.
    pub struct ResponseFuture<F, B> {
        #[pin]
        stage: Stage<F, B>,
        opened: Opened,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<F, B> {
        Preload { load: Boxed<Result<F, ServiceResponse>> },
        Inner { #[pin] inner: F },
        Commit { commit: Boxed<Result<ServiceResponse<EitherBody<B>>, Error>> },
    }
}

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// A handle that commits nothing once this is dropped; a finished one has nothing left to commit.
pub(crate) struct Opened(pub(crate) Handle);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<F, B> ResponseFuture<F, B> {
    pub(crate) fn new(inner: F, opened: Opened) -> Self {
        let stage = Stage::Inner { inner };
        Self { stage, opened }
    }

    /// Waits for the inner service's future first, or for a response in its place.
    pub(crate) fn preload(
        load: impl Future<Output = Result<F, ServiceResponse>> + 'static,
        opened: Opened,
    ) -> Self {
        let load = Box::pin(load);
        let stage = Stage::Preload { load };
        Self { stage, opened }
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
        loop {
            let next = match this.stage.as_mut().project() {
                StageProjection::Preload { load } => match ready!(load.as_mut().poll(context)) {
                    Ok(inner) => Stage::Inner { inner },
                    Err(outage) => return Poll::Ready(Ok(outage.map_into_right_body())),
                },
                StageProjection::Inner { inner } => {
                    let outcome = ready!(inner.poll(context));
                    let pending = match this.opened.0.finish(status(&outcome)) {
                        Ok(Finish::Done(reply)) => return Poll::Ready(answer(outcome, Ok(reply))),
                        Ok(Finish::Pending(pending)) => pending,
                        Err(error) => return Poll::Ready(answer(outcome, Err(error))),
                    };
                    let commit = Box::pin(async move { answer(outcome, pending.run().await) });
                    Stage::Commit { commit }
                }
                StageProjection::Commit { commit } => return commit.as_mut().poll(context),
            };
            this.stage.set(next);
        }
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("handle", &self.opened.0)
            .finish_non_exhaustive()
    }
}

/// The status that the client will see.
///
/// An error is not made a response to find out, since some of them can be made one only once.
fn status<B>(outcome: &Result<ServiceResponse<B>, Error>) -> u16 {
    let status = match outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    status.as_u16()
}

/// Puts the session's headers on what the inner service answered, or a 503 in its place.
fn answer<B>(
    outcome: Result<ServiceResponse<B>, Error>,
    committed: Result<Reply, SessionError>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match (outcome, committed.map_err(Rejection::from)) {
        (Ok(mut response), Ok(reply)) => {
            reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
            Ok(response.map_into_left_body())
        }
        (Err(mut error), Ok(reply)) => {
            error.add_response_mapper(move |mut response| {
                reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
                response
            });
            Err(error)
        }
        (Ok(response), Err(outage)) => {
            let outage = HttpResponse::from_error(outage);
            Ok(response.into_response(outage).map_into_right_body())
        }
        // An error has no request of its own, so there is nothing to make a response of.
        (Err(_), Err(outage)) => Err(outage.into()),
    }
}
