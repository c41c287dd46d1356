use actix_web::body::{BoxBody, EitherBody};
use actix_web::dev::ServiceResponse;
use actix_web::{Error, HttpResponse};
use session_core::{Answers, CommitError, ErrorPage, Failure, Reply, Request};

use crate::middleware::SessionMiddleware;
use crate::rejection::Rejection;

impl<B> Answers<Result<ServiceResponse<B>, Error>> for SessionMiddleware {
    type Answer = Result<ServiceResponse<EitherBody<B>>, Error>;

    /// An error is not converted to a response for this: some errors allow that only once.
    fn status(outcome: &Result<ServiceResponse<B>, Error>) -> Option<u16> {
        Some(match outcome {
            Ok(response) => response.status().as_u16(),
            Err(error) => error.as_response_error().status_code().as_u16(),
        })
    }

    /// Puts the session's headers on the inner service's outcome, or on an error in its place.
    fn answer(
        guard: &Request,
        outcome: Result<ServiceResponse<B>, Error>,
        committed: Result<Reply, CommitError>,
    ) -> Self::Answer {
        let (mut response, reply) = match (outcome, committed) {
            (Ok(response), Ok(reply)) => (response.map_into_left_body(), reply),
            (Ok(response), Err(failed)) => {
                let (error, reply) = failed.into_parts();
                let outage = response.error_response(Rejection(error));
                (outage.map_into_right_body(), reply)
            }
            (Err(error), Ok(reply)) => return Err(later(guard, error, reply)),
            // An error has no request of its own, so no response can be built.
            (Err(_), Err(failed)) => {
                let (error, reply) = failed.into_parts();
                return Err(later(guard, Rejection(error).into(), reply));
            }
        };
        let failure: Option<Failure> = response.response_mut().extensions_mut().remove();
        if let Some(page) = failure.map(|failure| guard.refuse(&failure)) {
            page.apply(&mut HeaderMapHeaders(response.headers_mut()));
            let body = BoxBody::new(page.into_body());
            response = response.map_body(|_, _| EitherBody::right(body));
        }
        reply.apply(&mut HeaderMapHeaders(response.headers_mut()));
        Ok(response)
    }
}

/// Puts the session's headers on the response that is made of an error later.
fn later(guard: &Request, mut error: Error, reply: Reply) -> Error {
    let rejection = error.as_error::<Rejection>();
    let page = rejection.map(|Rejection(error)| guard.refuse(&error.failure()));
    error.add_response_mapper(move |response| dress(response, page.as_ref(), &reply));
    error
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

session_core::header_map! { HeaderMapHeaders, actix_web::http::header }
