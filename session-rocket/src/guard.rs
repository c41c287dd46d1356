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

session_core::session_methods! { Session, Rejection, rocket::tokio::time::sleep, rocket::tokio::spawn }

named! {
    /// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
    ///
    /// For handlers that may not need the session, and for a logout that costs one delete:
    /// [`Handle::destroy`]. It notices a panic as [`Session`] does.
    pub struct SessionHandle(Watched<Handle>) -> Handle;
}

session_core::handle_methods! { SessionHandle, Session, Rejection, |_, session: RequestSession| Watched(session).into() }

session_core::fresh! {
    /// A loaded [`Session`] whose owner signed in or re-authenticated within the last `SECONDS`: the gate before a
    /// sensitive handler.
    ///
    /// It rejects with a 401 if nobody is signed in, and with a 403 if the owner authenticated longer ago, whatever the
    /// activity since; ask for the password then, and call `reauthenticate`. See
    /// [`authenticated_within`](session_core::Session::authenticated_within).
    /// The application's catchers for these two statuses answer, or Rocket's own.
    ///
    /// ```
    /// # #[macro_use] extern crate rocket;
    /// use session_rocket::{Fresh, Rejection};
    ///
    /// #[post("/close")]
    /// fn close_account(fresh: Fresh<300>) -> Result<(), Rejection> {
    ///     fresh.0.destroy()
    /// }
    /// # fn main() {}
    /// ```
    pub struct Fresh(Session);
}

session_core::calm! {
    /// The visitor's session for reading, which is there also while the store is down: then it is nobody's, and empty.
    ///
    /// For pages that may be seen then; [`Session`] is for all others, and rejects with a 503. It can't be written, and a
    /// request with nothing else writes nothing and sets no cookie, so it does not extend the session's life. It dereferences to
    /// [`session_core::CalmSession`].
    ///
    /// Where a 503 would be a catcher's, the handler runs.
    ///
    /// ```
    /// # #[macro_use] extern crate rocket;
    /// use session_rocket::{CalmSession, Rejection};
    ///
    /// #[get("/")]
    /// fn front_page(session: CalmSession) -> Result<String, Rejection> {
    ///     if session.is_outage() {
    ///         return Ok("Welcome! You can sign in again in a while.".into());
    ///     }
    ///     let name = session.get::<String>("name")?;
    ///     Ok(format!("Welcome, {}!", name.as_deref().unwrap_or("stranger")))
    /// }
    /// # fn main() {}
    /// ```
    pub struct CalmSession(Rejection);
}

/// Implements a guard, and its sentinel, for what is made of the request's handle.
macro_rules! guards {
    ($([$($of:tt)*] $guard:ty, |$handle:ident| $make:expr;)*) => { $(
        #[async_trait]
        impl<'r, $($of)* M: 'static> FromRequest<'r> for $guard {
            type Error = Rejection;

            async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
                let found = async {
                    let $handle = slot::handle::<M>(request)?;
                    Ok($make)
                };
                outcome::<M, _>(request, found.await)
            }
        }

        impl<$($of)* M: 'static> Sentinel for $guard {
            fn abort(rocket: &Rocket<Ignite>) -> bool {
                is_missing::<M>(rocket)
            }
        }
    )* };
}

guards! {
    [] Session<M>, |handle| Watched(handle.load().await?).into();
    [] CalmSession<M>, |handle| handle.calm().await?.into();
    [] SessionHandle<M>, |handle| Watched(handle.clone()).into();
    [const SECONDS: u64,] Fresh<SECONDS, M>,
        |handle| Fresh::admit(Watched(handle.load().await?).into())?;
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
