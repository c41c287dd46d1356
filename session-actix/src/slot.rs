use actix_web::dev::ServiceRequest;
use actix_web::guard::GuardContext;
use actix_web::{HttpMessage, HttpRequest};
use session_core::{Handle, named};

named! {
    /// The entry in a request's extensions for the handle of the middleware of one name.
    ///
    /// The type is private, so no other code can add or remove it.
    pub(crate) struct Slot(Handle);
}

/// Access to the request's session for other middleware and guards.
///
/// [`Handle::load`] loads the session. A guard cannot wait, so it uses [`Handle::peek`] behind a
/// middleware that [preloads](crate::SessionMiddleware::preload). A `ServiceResponse` gives access
/// through its `request()`.
pub trait SessionExt {
    /// Returns the request's handle; `None` outside of an unnamed
    /// [`SessionMiddleware`](crate::SessionMiddleware).
    #[must_use]
    fn session_handle(&self) -> Option<Handle> {
        self.session_handle_named::<()>()
    }

    /// Returns the handle of the middleware that is [named](crate::SessionMiddleware::named) `M`.
    #[must_use]
    fn session_handle_named<M: 'static>(&self) -> Option<Handle>;
}

impl SessionExt for HttpRequest {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.extensions().get().cloned().map(Slot::<M>::into_inner)
    }
}

impl SessionExt for ServiceRequest {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.request().session_handle_named::<M>()
    }
}

impl SessionExt for GuardContext<'_> {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.req_data().get().cloned().map(Slot::<M>::into_inner)
    }
}
