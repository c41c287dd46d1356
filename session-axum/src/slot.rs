use http::Extensions;
use session_core::{Handle, named};

named! {
    /// The entry in a request's extensions in which the layer of one name leaves its handle.
    ///
    /// The type is private, so nobody else can add or remove it.
    pub(crate) struct Slot(Handle);
}

/// Returns the request's handle; `None` if no unnamed [`SessionLayer`](crate::SessionLayer) is around.
///
/// For middleware that has a request and no extractors: [`Handle::load`] then gives the session.
#[must_use]
pub fn handle(extensions: &Extensions) -> Option<&Handle> {
    handle_named::<()>(extensions)
}

/// Returns the handle of the layer that is [named](crate::SessionLayer::named) `M`.
#[must_use]
pub fn handle_named<M: 'static>(extensions: &Extensions) -> Option<&Handle> {
    extensions.get::<Slot<M>>().map(|slot| &**slot)
}
