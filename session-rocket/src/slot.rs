use std::any::type_name;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock, Weak};

use rocket::{Phase, Request, Rocket};
use session_core::{Handle, Request as Guard, SessionError, Sessions, named};

named! {
    /// The managed state that a fairing leaves for the guards of its name.
    ///
    /// The type is private, so nobody can manage it in place of attaching the fairing.
    pub(crate) struct Attached(Sessions);
}

impl<M: 'static> Attached<M> {
    /// Finds it.
    pub(crate) fn to<P: Phase>(rocket: &Rocket<P>) -> Result<&Self, SessionError> {
        let name = type_name::<M>();
        rocket.state().ok_or(SessionError::NotAttached { name })
    }
}

/// The entry in a request's local cache that the guards and the fairing of one name share.
///
/// The type is private, so nobody else can add or remove it. A request that ends without our
/// response fairing drops it unfinished: Rocket runs none for a head that it can't read; and a
/// request may be dropped when the runtime shuts down.
struct Slot<M>(OnceLock<Arc<Guard>>, PhantomData<fn() -> M>);

/// Returns the slot, which is empty until a guard asks for the session.
pub(crate) fn slot<'r, M: 'static>(request: &'r Request<'_>) -> &'r OnceLock<Arc<Guard>> {
    let slot = request.local_cache(|| Slot::<M>(OnceLock::new(), PhantomData));
    &slot.0
}

/// Returns the request's handle, opened once however often this is called, and the guard that
/// abandons the request.
pub(crate) fn guard<'r, M: 'static>(
    request: &'r Request<'_>,
) -> Result<(&'r Handle, Weak<Guard>), SessionError> {
    let attached = Attached::<M>::to(request.rocket())?;
    let guard = slot::<M>(request).get_or_init(|| open(attached, request).into());
    Ok((guard.handle(), Arc::downgrade(guard)))
}

fn open(sessions: &Sessions, request: &Request<'_>) -> Guard {
    let headers = request.headers();
    if headers.contains("Cookie") {
        return sessions.open(headers.get("Cookie").map(str::as_bytes));
    }
    // A local client puts its cookies into the jar alone. With a header the jar must not be asked:
    // it decodes names, so `%5F_Host-…`, which any neighbour may set, would pass for `__Host-…`.
    let name = sessions.policy().cookie_name();
    let cookie = request.cookies().get(name);
    let cookie = cookie.map(|cookie| format!("{name}={}", cookie.value()));
    sessions.open([cookie.unwrap_or_default().as_bytes()])
}
