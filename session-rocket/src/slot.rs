use std::any::type_name;
use std::marker::PhantomData;
use std::sync::OnceLock;

use rocket::http::Cookie;
use rocket::{Phase, Request, Rocket};
use session_core::{Handle, Request as Guard, SessionError, Sessions, named};

named! {
    /// The managed state of a fairing, for the guards of its name.
    ///
    /// The type is private, so attaching the fairing is the only way to manage it.
    pub(crate) struct Attached(Sessions);
}

impl<M: 'static> Attached<M> {
    /// Finds the state of the fairing of this name.
    pub(crate) fn to<P: Phase>(rocket: &Rocket<P>) -> Result<&Self, SessionError> {
        let name = type_name::<M>();
        rocket.state().ok_or(SessionError::NotAttached { name })
    }
}

/// The entry in a request's local cache that the guards and the fairing of one name share.
///
/// The type is private, so no other code can add or remove it. Dropping it commits nothing. That
/// happens to requests without a response fairing: those whose head Rocket can't read, and those
/// that are dropped when the runtime shuts down.
struct Slot<M>(OnceLock<Guard>, PhantomData<fn() -> M>);

/// Returns the slot, which is empty until a guard opens the session.
pub(crate) fn slot<'r, M: 'static>(request: &'r Request<'_>) -> &'r OnceLock<Guard> {
    let slot = request.local_cache(|| Slot::<M>(OnceLock::new(), PhantomData));
    &slot.0
}

/// Returns the request's handle, opened by the first call.
pub(crate) fn handle<'r, M: 'static>(request: &'r Request<'_>) -> Result<&'r Handle, SessionError> {
    let attached = Attached::<M>::to(request.rocket())?;
    let guard = slot::<M>(request).get_or_init(|| open(attached, request));
    Ok(guard.handle())
}

fn open(sessions: &Sessions, request: &Request<'_>) -> Guard {
    let headers = request.headers();
    let authorization = || headers.get("Authorization").map(str::as_bytes);
    let mut cookies = headers.get("Cookie").map(str::as_bytes).peekable();
    if cookies.peek().is_some() {
        return sessions.open_named::<(), _>(None, cookies, authorization);
    }
    // A local client fills only the jar. With a header the jar must not be used: it decodes names,
    // so `%5F_Host-…`, which any sibling domain may set, would count as `__Host-…`.
    let name = sessions.policy().cookie_name();
    let cookie = request.cookies().get(name).map_or("", Cookie::value);
    let cookie = format!("{name}={cookie}");
    sessions.open_named::<(), _>(None, [cookie.as_bytes()], authorization)
}
