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
        Ok(mut response) => {
            let failure: Option<Failure> = response.response_mut().extensions_mut().remove();
            if let Some(page) = failure.map(|failure| guard.refuse(&failure)) {
                page.apply(&mut HeaderMapHeaders(response.headers_mut()));
                let body = BoxBody::new(page.into_body());
                response = response.map_body(|_, _| EitherBody::right(body));
            }
            reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
            Ok(response)
        }
        Err(mut error) => {
            let rejection = error.as_error::<Rejection>();
            let page = rejection.map(|Rejection(error)| guard.refuse(&error.failure()));
            error.add_response_mapper(move |response| dress(response, page.as_ref(), &reply));
            Err(error)
        }
    }
}

fn dress(response: HttpResponse, page: Option<&ErrorPage>, reply: &Reply) -> HttpResponse {
    let mut response = match page {
        Some(page) => response.map_body(|_, _| BoxBody::new(page.clone().into_body())),
        None => response,
    };
    let mut headers = HeaderMapHeaders(response.headers_mut());
    if let Some(page) = page {
        page.apply(&mut headers);
    }
    reply.clone().apply(&mut headers);
    response
}
