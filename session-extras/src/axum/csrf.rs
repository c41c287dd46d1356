use std::any::type_name;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use session_axum::{Rejection, handle_named};
use session_core::{Handle, SessionError, named};
use tower_layer::Layer;
use tower_service::Service;

use crate::csrf_token::is_form;
use crate::{Csrf, CsrfToken, Verdict};

named! {
    /// The layer that refuses forged requests with a 403; the [module's docs](crate::axum) have an example.
    ///
    /// The answer is [`SessionError::Forged`]: JSON, or the policy's [`error_page`](session_core::PolicyBuilder::error_page).
    ///
    /// It stands inside of the [`SessionLayer`](session_axum::SessionLayer), since whether a request needs the check depends on its session's
    /// carrier. It loads the session, and reads a form's body, only where a token is asked for.
    pub struct CsrfLayer(Csrf);
}

impl CsrfLayer {
    /// Creates the layer for the unnamed session.
    #[must_use]
    pub fn new(csrf: Csrf) -> Self {
        csrf.into()
    }
}

impl<M> CsrfLayer<M> {
    /// Goes by the session that is [named](session_axum::SessionLayer::named) `N` instead.
    ///
    /// Each session that travels by cookie has a guard of its own; see [`Csrf`].
    #[must_use]
    pub fn named<N>(self) -> CsrfLayer<N> {
        self.renamed()
    }
}

impl<S, M> Layer<S> for CsrfLayer<M> {
    type Service = CsrfService<S, M>;

    fn layer(&self, inner: S) -> CsrfService<S, M> {
        CsrfService {
            inner,
            layer: self.clone(),
        }
    }
}

/// A service inside a [`CsrfLayer`].
pub struct CsrfService<S, M = ()> {
    inner: S,
    layer: CsrfLayer<M>,
}

impl<S, M> Service<Request> for CsrfService<S, M>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    M: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future =
        Either<S::Future, Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let values = |name| {
            let values = request.headers().get_all(name).iter();
            values.map(HeaderValue::as_bytes)
        };
        let Some(handle) = handle_named::<M>(request.extensions()).cloned() else {
            let name = type_name::<M>();
            let response = Rejection(SessionError::NotAttached { name }).into_response();
            return Either::Right(Box::pin(async { Ok(response) }));
        };
        match self
            .layer
            .judge(request.method().as_str(), handle.carrier(), values)
        {
            Verdict::Pass => Either::Left(self.inner.call(request)),
            Verdict::Refuse => Either::Right(Box::pin(async { Ok(forbidden()) })),
            Verdict::AskToken => {
                // The service that was polled ready is the one that is called.
                let other = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, other);
                Either::Right(Box::pin(async move {
                    match ask(&handle, request).await {
                        Ok(request) => inner.call(request).await,
                        Err(response) => Ok(response),
                    }
                }))
            }
        }
    }
}

/// Gives the request back if it brings its session's token.
async fn ask(handle: &Handle, request: Request) -> Result<Request, Response> {
    let session = handle.load().await;
    let session = session.map_err(|error| Rejection(error).into_response())?;
    let headers = request.headers();
    if let Some(token) = headers.get(CsrfToken::HEADER) {
        let is_right = token
            .to_str()
            .is_ok_and(|text| CsrfToken::verify(&session, text));
        return if is_right {
            Ok(request)
        } else {
            Err(forbidden())
        };
    }
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if !kind.is_some_and(is_form) {
        return Err(forbidden());
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_FORM).await;
    let body = body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    match CsrfToken::in_form(&body) {
        Some(text) if CsrfToken::verify(&session, text) => {
            Ok(Request::from_parts(head, Body::from(body)))
        }
        _ => Err(forbidden()),
    }
}

fn forbidden() -> Response {
    Rejection(SessionError::Forged).into_response()
}

/// As large as axum's own limit on bodies.
const LARGEST_FORM: usize = 2 << 20;

impl<S: Clone, M> Clone for CsrfService<S, M> {
    fn clone(&self) -> Self {
        let (inner, layer) = (self.inner.clone(), self.layer.clone());
        Self { inner, layer }
    }
}

impl<S: fmt::Debug, M> fmt::Debug for CsrfService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CsrfService({:?}, {:?})", self.inner, self.layer)
    }
}
