use std::iter;
use std::marker::PhantomData;
use std::sync::OnceLock;

use rocket::Request;
use session_core::{Handle, Sessions};

/// The place in a request's local cache where the guards and the fairing of one name meet.
///
/// The type is private, so nobody else can fill or empty the place. It is empty until a guard
/// asks.
pub(crate) struct Slot<M> {
    handle: OnceLock<Handle>,
    of: PhantomData<fn() -> M>,
}

impl<M: 'static> Slot<M> {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| Self {
            handle: OnceLock::new(),
            of: PhantomData,
        })
    }

    /// Returns the request's handle, opened once however often this is called.
    pub(crate) fn open(&self, sessions: &Sessions, request: &Request<'_>) -> &Handle {
        self.handle.get_or_init(|| open(sessions, request))
    }

    /// Returns the handle if a guard has asked for it.
    pub(crate) fn opened(&self) -> Option<&Handle> {
        self.handle.get()
    }
}

/// A request that ended without our response fairing commits nothing, and what leaked is closed.
///
/// Rocket runs none for a head that it can't read; and a request may be dropped when the runtime
/// shuts down.
impl<M> Drop for Slot<M> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.get() {
            handle.abandon();
        }
    }
}

fn open(sessions: &Sessions, request: &Request<'_>) -> Handle {
    let mut headers = request.headers().get("Cookie").peekable();
    if headers.peek().is_some() {
        return sessions.open(headers.map(str::as_bytes));
    }
    // A local client puts its cookies into the jar alone. With a header the jar must not be asked:
    // it decodes names, so `%5F_Host-…`, which any neighbour may set, would pass for `__Host-…`.
    let name = sessions.policy().cookie_name();
    let cookie = request.cookies().get(name);
    let cookie = cookie.map(|cookie| format!("{name}={}", cookie.value()));
    sessions.open(iter::once(cookie.unwrap_or_default().as_bytes()))
}
