use http::Extensions;
use session_core::Handle;

/// The entry in a request's extensions for the handle of the innermost layer, which leads to those
/// around it.
///
/// The type is private, so no other code can add or remove it.
#[derive(Clone)]
pub(crate) struct Slot(pub(crate) Handle);

/// Returns the request's handle; `None` outside of an unnamed [`SessionLayer`](crate::SessionLayer).
///
/// It is for middleware without extractors; [`Handle::load`] loads the session.
#[must_use]
pub fn handle(extensions: &Extensions) -> Option<&Handle> {
    handle_named::<()>(extensions)
}

/// Returns the handle of the layer that is [named](crate::SessionLayer::named) `M`.
#[must_use]
pub fn handle_named<M: 'static>(extensions: &Extensions) -> Option<&Handle> {
    extensions.get::<Slot>()?.0.named::<M>()
}
