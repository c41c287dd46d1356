use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Ignite, Request, Rocket, Sentinel, async_trait};
use session_core::{Handle, RequestSession, SessionError, Watched, named};

use crate::catcher::Answer;
use crate::rejection::Rejection;
use crate::slot::{self, Attached};

named! {
    /// The visitor's session, loaded.
    ///
    /// It dereferences to [`RequestSession`], which can be saved early, and through it to
    /// [`session_core::Session`], the type for framework-independent code.
    ///
    /// All guards, forwards and catchers of a request share one load; without a cookie there is
    /// none. `M` selects the fairing, if there are [several](crate::SessionFairing::named).
    /// `Option<Session>` is `None` also if the store is down.
    ///
    /// If a panic drops it, or a clone of it, the request commits nothing. The result of
    /// `into_inner` does not notice a panic; the status of 500 that follows still drops the changes.
    pub struct Session(Watched<RequestSession>) -> RequestSession;
}

session_core::session_methods! { Session, Rejection }

#[async_trait]
impl<'r, M: 'static> FromRequest<'r> for Session<M> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        let load = async {
            let (handle, guard) = slot::guard::<M>(request)?;
            Ok(Watched(handle.load().await?, guard).into())
        };
        outcome::<M, _>(request, load.await)
    }
}

impl<M: 'static> Sentinel for Session<M> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing::<M>(rocket)
    }
}

named! {
    /// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
    ///
    /// For handlers that may not need the session, and for a logout that costs one delete:
    /// [`Handle::destroy`]. It notices a panic as [`Session`] does.
    pub struct SessionHandle(Watched<Handle>) -> Handle;
}

session_core::handle_methods! {
    SessionHandle, Session, Rejection,
    |this: &Self, session: RequestSession| Watched(session, this.inner.1.clone()).into()
}

#[async_trait]
impl<'r, M: 'static> FromRequest<'r> for SessionHandle<M> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        let watched = |(handle, guard): (&Handle, _)| Watched(handle.clone(), guard).into();
        outcome::<M, _>(request, slot::guard::<M>(request).map(watched))
    }
}

impl<M: 'static> Sentinel for SessionHandle<M> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        is_missing::<M>(rocket)
    }
}

/// Rocket drops the error before it calls a catcher.
fn outcome<M: 'static, T>(request: &Request<'_>, found: Found<T>) -> Outcome<T, Rejection> {
    found.map_or_else(
        |error| {
            Answer::new::<M>(request, &error).note(request);
            Outcome::Error((Status::new(error.status()), Rejection(error)))
        },
        Outcome::Success,
    )
}

type Found<T> = Result<T, SessionError>;

/// Returns whether the fairing is missing, which aborts the launch, and logs it.
fn is_missing<M: 'static>(rocket: &Rocket<Ignite>) -> bool {
    let tell = |error: &SessionError| tracing::error!("{error}");
    Attached::<M>::to(rocket).inspect_err(tell).is_err()
}
