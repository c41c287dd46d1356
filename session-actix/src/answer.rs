use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::ServiceResponse;
use actix_web::{Error, HttpResponse};
use session_core::{CommitError, ErrorPage, Failure, Reply, Request};

use crate::headers::HeaderMapHeaders;
use crate::rejection::Rejection;

/// Puts the session's headers on the inner service's outcome, or on an error in its place.
pub(crate) fn answer<B>(
    guard: &Request,
    outcome: Result<ServiceResponse<B>, Error>,
    committed: Result<Reply, CommitError>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let (outcome, reply) = match (outcome, committed.map_err(CommitError::into_parts)) {
        (outcome, Ok(reply)) => (outcome.map(ServiceResponse::map_into_left_body), reply),
        (Ok(response), Err((error, reply))) => {
            let outage = response.error_response(Rejection(error));
            (Ok(outage.map_into_right_body()), reply)
        }
        // An error has no request of its own, so no response can be built.
        (Err(_), Err((error, reply))) => (Err(Rejection(error).into()), reply),
    };
    match outcome {
        Ok(response) => {
            let (request, mut response) = response.into_parts();
            let failure: Option<Failure> = response.extensions_mut().remove();
            let page = failure.map(|failure| guard.refuse(&failure));
            let boxed = |page| EitherBody::right(BoxBody::new(page));
            let response = dress(response, page.as_ref(), reply, boxed);
            Ok(ServiceResponse::new(request, response))
        }
        Err(mut error) => {
            let rejection = error.as_error::<Rejection>();
            let page = rejection.map(|Rejection(error)| guard.refuse(&error.failure()));
            error.add_response_mapper(move |response| {
                dress(response, page.as_ref(), reply.clone(), BoxBody::new)
            });
            Err(error)
        }
    }
}

fn dress<B>(
    response: HttpResponse<B>,
    page: Option<&ErrorPage>,
    reply: Reply,
    body: impl FnOnce(String) -> B,
) -> HttpResponse<B> {
    let mut response = match page {
        Some(page) => response.map_body(|_, _| body(page.clone().into_body())),
        None => response,
    };
    let mut headers = HeaderMapHeaders(response.headers_mut());
    if let Some(page) = page {
        page.apply(&mut headers);
    }
    reply.apply(&mut headers);
    response
}
