use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;

use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderValue};
use actix_web::{Error, HttpMessage};
use futures_util::future::Either;
use session_core::{Answers, Guarded, Sessions, named};

use crate::rejection::Rejection;
use crate::slot::Slot;

named! {
    /// The middleware that gives every request a session; the [crate's docs](crate) have an example.
    ///
    /// It wraps an `App`, a scope or a resource. `M` distinguishes several sessions of one
    /// application; [`named`](Self::named) sets it.
    pub struct SessionMiddleware(Sessions) { preloads: bool }
}

impl SessionMiddleware {
    /// Creates the middleware for unnamed [`Session`](crate::Session) extractors.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        sessions.into()
    }
}

impl<M> SessionMiddleware<M> {
    /// Serves `Session<N>` extractors instead, beside middlewares of other names.
    ///
    /// Give each middleware its own cookie name; their order does not matter. If two middlewares
    /// around a handler have the same name, the inner one counts.
    ///
    /// ```
    /// use actix_web::{App, web};
    /// use session_actix::{Policy, Session, SessionMiddleware, Sessions};
    /// use session_store::MemoryStore;
    ///
    /// struct Admin;
    ///
    /// async fn both(visitor: Session, admin: Session<Admin>) -> String {
    ///     format!("{} and {} values", visitor.len(), admin.len())
    /// }
    ///
    /// let policy = Policy::builder().cookie_name("__Host-admin").build()?;
    /// let admins = Sessions::new(policy, MemoryStore::new());
    /// let visitors = Sessions::new(Policy::default(), MemoryStore::new());
    /// let app = App::new()
    ///     .route("/", web::get().to(both))
    ///     .wrap(SessionMiddleware::new(admins).named::<Admin>())
    ///     .wrap(SessionMiddleware::new(visitors));
    /// # Ok::<(), session_actix::PolicyError>(())
    /// ```
    #[must_use]
    pub fn named<N>(self) -> SessionMiddleware<N> {
        self.renamed()
    }

    /// Loads the session of every request before the inner service runs.
    ///
    /// Route guards cannot wait, so they see only a preloaded session. Every request with a cookie
    /// then costs a store call, and fails while the store is down; wrap only the routes that need
    /// it.
    ///
    /// ```
    /// use actix_web::guard::GuardContext;
    /// use actix_web::{App, HttpResponse, web};
    /// use session_actix::{Policy, SessionExt, SessionMiddleware, Sessions};
    /// use session_store::MemoryStore;
    ///
    /// fn is_signed_in(context: &GuardContext<'_>) -> bool {
    ///     let session = context.session_handle().and_then(|handle| handle.peek());
    ///     session.is_some_and(|session| session.owner().is_some())
    /// }
    ///
    /// let sessions = Sessions::new(Policy::default(), MemoryStore::new());
    /// let app = App::new().service(
    ///     web::scope("/account")
    ///         .wrap(SessionMiddleware::new(sessions).preload())
    ///         .route("", web::get().guard(is_signed_in).to(async || "your account"))
    ///         .default_service(web::to(HttpResponse::Unauthorized)),
    /// );
    /// ```
    #[must_use]
    pub fn preload(mut self) -> Self {
        self.preloads = true;
        self
    }
}

impl<S, M, B> Transform<S, ServiceRequest> for SessionMiddleware<M>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    M: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S, M>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let (inner, middleware) = (Rc::new(inner), self.clone());
        ready(Ok(SessionService { inner, middleware }))
    }
}

/// A service inside a [`SessionMiddleware`].
pub struct SessionService<S, M = ()> {
    // Shared with requests that are still preloading.
    inner: Rc<S>,
    middleware: SessionMiddleware<M>,
}

impl<S, M, B> Service<ServiceRequest> for SessionService<S, M>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    M: 'static,
    B: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<
        Guarded<S::Future, SessionMiddleware>,
        Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>,
    >;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let values = |name| request.headers().get_all(name);
        let cookies = values(COOKIE).map(HeaderValue::as_bytes);
        let authorization = || values(AUTHORIZATION).map(HeaderValue::as_bytes);
        let outer = request.extensions().get().map(|Slot(outer)| outer.clone());
        let accept = || request.headers().get(ACCEPT).map(HeaderValue::as_bytes);
        let guard = self
            .middleware
            .open_named::<M, _>(outer, cookies, authorization);
        let guard = guard.accepting(accept);
        let slot = Slot(guard.handle().clone());
        request.extensions_mut().insert(slot);
        if !self.middleware.preloads {
            return Either::Left(Guarded::new(guard, self.inner.call(request)));
        }
        let inner = Rc::clone(&self.inner);
        Either::Right(Box::pin(async move {
            if let Err(error) = guard.handle().load().await {
                let outage = request.error_response(Rejection(error));
                let committed = guard.commit(outage.status().as_u16()).await;
                let outage = SessionMiddleware::answer(&guard, Ok(outage), committed)?;
                return Ok(outage.map_into_boxed_body().map_into_right_body());
            }
            Guarded::<_, SessionMiddleware>::new(guard, inner.call(request)).await
        }))
    }
}

impl<S: fmt::Debug, M> fmt::Debug for SessionService<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionService({:?}, {:?})", self.inner, self.middleware)
    }
}
