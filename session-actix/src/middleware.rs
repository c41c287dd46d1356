use std::any::type_name;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::Error;
use actix_web::body::EitherBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use session_core::Sessions;

use crate::service::SessionService;

/// Gives every request a session; see the [crate's docs](crate) for an example.
///
/// It goes around an `App`, a scope or a resource. `M` tells several sessions of one application
/// apart; [`named`](Self::named) sets it.
pub struct SessionMiddleware<M = ()> {
    sessions: Sessions,
    load: When,
    of: PhantomData<fn() -> M>,
}

/// When the session is loaded.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// As soon as somebody asks for it.
    Asked,
    /// Before the inner service runs.
    Always,
}

impl SessionMiddleware {
    /// Creates the middleware behind plain [`Session`](crate::Session) extractors.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            load: When::Asked,
            of: PhantomData,
        }
    }
}

impl<M> SessionMiddleware<M> {
    /// Serves `Session<N>` extractors instead, next to middlewares of other names.
    ///
    /// Give each its own cookie name; they may be wrapped in any order. Of two middlewares of one
    /// name around a handler, the inner one counts.
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
        SessionMiddleware {
            sessions: self.sessions,
            load: self.load,
            of: PhantomData,
        }
    }

    /// Loads the session of every request that it sees, before the inner service runs.
    ///
    /// Route guards cannot wait, so this is what lets them look at the session. It costs a read
    /// of the store for every request with a cookie, and without the store no request gets
    /// through; put it around the routes that need it.
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
    pub fn preload(self) -> Self {
        Self {
            load: When::Always,
            ..self
        }
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
        let sessions = self.sessions.clone();
        ready(Ok(SessionService::new(inner, sessions, self.load)))
    }
}

impl<M> Clone for SessionMiddleware<M> {
    fn clone(&self) -> Self {
        Self {
            sessions: self.sessions.clone(),
            load: self.load,
            of: PhantomData,
        }
    }
}

impl<M> fmt::Debug for SessionMiddleware<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionMiddleware")
            .field("name", &type_name::<M>())
            .field("sessions", &self.sessions)
            .field("load", &self.load)
            .finish()
    }
}
