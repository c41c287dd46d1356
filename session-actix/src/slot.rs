use std::marker::PhantomData;

use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::{HttpMessage, HttpRequest};
use session_core::Handle;

/// The place in a request's extensions where the middleware of one name leaves its handle.
///
/// The type is private, so nobody else can fill or empty the place.
pub(crate) struct Slot<M> {
    handle: Handle,
    of: PhantomData<fn() -> M>,
}

impl<M: 'static> Slot<M> {
    pub(crate) fn new(handle: Handle) -> Self {
        Self {
            handle,
            of: PhantomData,
        }
    }

    fn find(extensions: &Extensions) -> Option<Handle> {
        extensions.get::<Self>().map(|slot| slot.handle.clone())
    }
}

/// Gives other middleware and guards the request's session.
///
/// A [`Handle`] is loaded with [`Handle::load`]. A guard cannot wait, so it uses
/// [`Handle::peek`] behind a middleware that [preloads](crate::SessionMiddleware::preload).
pub trait SessionExt {
    /// Returns the request's handle; none if no unnamed
    /// [`SessionMiddleware`](crate::SessionMiddleware) is around.
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
        Slot::<M>::find(&self.extensions())
    }
}

impl SessionExt for ServiceRequest {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.request().session_handle_named::<M>()
    }
}

impl<B> SessionExt for ServiceResponse<B> {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        self.request().session_handle_named::<M>()
    }
}

impl SessionExt for GuardContext<'_> {
    fn session_handle_named<M: 'static>(&self) -> Option<Handle> {
        Slot::<M>::find(&self.req_data())
    }
}
