use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::guard::GuardContext;
use actix_web::{HttpMessage, HttpRequest};
use session_core::Handle;

/// The entry in a request's extensions for the handle of the innermost middleware, which leads to those
/// around it.
///
/// The type is private, so no other code can add or remove it.
#[derive(Clone)]
pub(crate) struct Slot(pub(crate) Handle);

fn find<M: 'static>(extensions: &Extensions) -> Option<Handle> {
    extensions.get::<Slot>()?.0.named::<M>().cloned()
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
        find::<M>(&self.extensions())
    }
}

impl SessionExt for ServiceRequest {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.request().session_handle_named::<M>()
    }
}

impl SessionExt for GuardContext<'_> {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        find::<M>(&self.req_data())
    }
}
