use std::any::type_name;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_http::h1;
use actix_web::body::EitherBody;
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{Error, ResponseError};
use session_actix::{Rejection, SessionExt};
use session_core::{Handle, SessionError, named};

use crate::csrf_token::is_form;
use crate::{Csrf, CsrfToken, Verdict};

named! {
    /// The middleware that refuses forged requests with a 403; the [module's docs](crate::actix) have an example.
    ///
    /// The answer is [`SessionError::Forged`]: JSON, or the policy's [`error_page`](session_core::PolicyBuilder::error_page).
    ///
    /// It is wrapped before the [`SessionMiddleware`](session_actix::SessionMiddleware), so that that is around it: whether a request needs the check depends on
    /// its session's carrier. It loads the session, and reads a form's body, only where a token is asked for.
    pub struct CsrfMiddleware(Csrf);
}

impl CsrfMiddleware {
    /// Creates the middleware for the unnamed session.
    #[must_use]
    pub fn new(csrf: Csrf) -> Self {
        csrf.into()
    }
}

impl<M> CsrfMiddleware<M> {
    /// Goes by the session that is [named](session_actix::SessionMiddleware::named) `N` instead.
    ///
    /// Each session that travels by cookie has a guard of its own; see [`Csrf`].
    #[must_use]
    pub fn named<N>(self) -> CsrfMiddleware<N> {
        self.renamed()
    }
}

impl<S, M, B> Transform<S, ServiceRequest> for CsrfMiddleware<M>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    M: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CsrfMiddlewareService<S, M>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let (inner, middleware) = (Rc::new(inner), self.clone());
        ready(Ok(CsrfMiddlewareService { inner, middleware }))
    }
}

/// A service inside a [`CsrfMiddleware`].
pub struct CsrfMiddlewareService<S, M = ()> {
    // Shared with requests whose token is still being looked for.
    inner: Rc<S>,
    middleware: CsrfMiddleware<M>,
}

impl<S, M, B> Service<ServiceRequest> for CsrfMiddlewareService<S, M>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    M: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let Some(handle) = request.session_handle_named::<M>() else {
            let name = type_name::<M>();
            return Box::pin(ready(Err(
                Rejection(SessionError::NotAttached { name }).into()
            )));
        };
        let values = |name| request.headers().get_all(name).map(HeaderValue::as_bytes);
        let verdict = self
            .middleware
            .judge(request.method().as_str(), handle.carrier(), values);
        let inner = Rc::clone(&self.inner);
        Box::pin(async move {
            let passes = match verdict {
                Verdict::Pass => true,
                Verdict::AskToken => has_token(&handle, &mut request).await?,
                Verdict::Refuse => false,
            };
            if passes {
                return Ok(inner.call(request).await?.map_into_left_body());
            }
            let refused = Rejection(SessionError::Forged).error_response();
            Ok(request.into_response(refused).map_into_right_body())
        })
    }
}

/// Says whether the request brings its session's token; its body stays readable.
async fn has_token(handle: &Handle, request: &mut ServiceRequest) -> Result<bool, Error> {
    let session = handle.load().await.map_err(Rejection)?;
    let headers = request.headers();
    if let Some(token) = headers.get(CsrfToken::HEADER) {
        return Ok(token
            .to_str()
            .is_ok_and(|text| CsrfToken::verify(&session, text)));
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(is_form) {
        return Ok(false);
    }
    let body = request.extract::<Bytes>().await?;
    let token = CsrfToken::in_form(&body);
    let is_right = token.is_some_and(|text| CsrfToken::verify(&session, text));
    let (_, mut payload) = h1::Payload::create(true);
    payload.unread_data(body);
    request.set_payload(Payload::from(payload));
    Ok(is_right)
}

impl<S: fmt::Debug, M> fmt::Debug for CsrfMiddlewareService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CsrfMiddlewareService({:?}, {:?})",
            self.inner, self.middleware
        )
    }
}
