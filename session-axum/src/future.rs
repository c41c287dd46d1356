use axum_core::BoxError;
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use bytes::Bytes;
use http::Response;
use session_core::{Answers, CommitError, Failure, Guarded, Reply, Request};

use crate::layer::SessionLayer;
use crate::rejection::Rejection;

/// The future of [`SessionService`](crate::SessionService).
///
/// It allocates only if there is something to commit. Dropped before the response's head is
/// ready, because the handler panicked or the client went away, it commits nothing.
pub type ResponseFuture<F> = Guarded<F, SessionLayer>;

impl<B, E> Answers<Result<Response<B>, E>> for SessionLayer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Answer = Result<Response<Body>, E>;

    /// If the service failed there is no response, so nothing is committed.
    fn status(outcome: &Result<Response<B>, E>) -> Option<u16> {
        outcome
            .as_ref()
            .ok()
            .map(|response| response.status().as_u16())
    }

    fn answer(
        guard: &Request,
        outcome: Result<Response<B>, E>,
        committed: Result<Reply, CommitError>,
    ) -> Self::Answer {
        let mut response = outcome?.map(Body::new);
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
        Ok(response)
    }
}

session_core::header_map! { HeaderMapHeaders, http::header }
