use std::any::type_name;
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use session_core::{Handle, RequestSession, SessionError, named};

use crate::rejection::Rejection;
use crate::slot::SessionExt;

named! {
    /// The visitor's session, loaded.
    ///
    /// It dereferences to [`RequestSession`], which can be saved early, and through it to
    /// [`session_core::Session`], the type for framework-independent code.
    ///
    /// All extractors of a request share one load; without a cookie there is none. `M` selects the
    /// middleware, if there are [several](crate::SessionMiddleware::named). The session is `Send`,
    /// so it can move into tasks.
    ///
    /// In actix-web every rejection makes `Option<Session>` a `None`, a store outage too.
    /// `Result<Session, Rejection>` distinguishes an outage from a missing middleware.
    pub struct Session(RequestSession);
}

session_core::session_methods! { Session, Rejection, actix_web::rt::time::sleep, actix_web::rt::spawn }

impl Session {
    /// Extracts the unnamed session, for extractors of your own.
    pub fn extract(request: &HttpRequest) -> <Self as FromRequest>::Future {
        <Self as FromRequest>::from_request(request, &mut Payload::None)
    }
}

named! {
    /// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
    ///
    /// For handlers that may not need the session, and for a logout that costs one delete:
    /// [`Handle::destroy`].
    pub struct SessionHandle(Handle);
}

session_core::handle_methods! { SessionHandle, Session, Rejection, |_, session: RequestSession| session.into() }

impl<M: 'static> FromRequest for SessionHandle<M> {
    type Error = Rejection;
    type Future = Ready<Result<Self, Rejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(find::<M>(request).map(Self::from))
    }
}

session_core::fresh! {
    /// A loaded [`Session`] whose owner signed in or re-authenticated within the last `SECONDS`: the gate before a
    /// sensitive handler.
    ///
    /// It rejects with a 401 if nobody is signed in, and with a 403 if the owner authenticated longer ago, whatever the
    /// activity since; ask for the password then, and call `reauthenticate`. See
    /// [`authenticated_within`](session_core::Session::authenticated_within).
    ///
    /// ```
    /// use session_actix::{Fresh, Rejection};
    ///
    /// async fn close_account(Fresh(session): Fresh<300>) -> Result<&'static str, Rejection> {
    ///     session.destroy()?;
    ///     Ok("closed")
    /// }
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
    /// ```
    /// use session_actix::{CalmSession, Rejection};
    ///
    /// async fn front_page(session: CalmSession) -> Result<String, Rejection> {
    ///     if session.is_outage() {
    ///         return Ok("Welcome! You can sign in again in a while.".into());
    ///     }
    ///     let name = session.get::<String>("name")?;
    ///     Ok(format!("Welcome, {}!", name.as_deref().unwrap_or("stranger")))
    /// }
    /// ```
    pub struct CalmSession(Rejection);
}

/// Implements extractors of what is made of the request's handle.
macro_rules! extractors {
    ($([$($of:tt)*] $extractor:ty, |$handle:ident| $make:expr;)*) => { $(
        impl<$($of)* M: 'static> FromRequest for $extractor {
            type Error = Rejection;
            type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let found = find::<M>(request);
                Box::pin(async move {
                    let $handle = found?;
                    Ok($make)
                })
            }
        }
    )* };
}

extractors! {
    [] Session<M>, |handle| handle.load().await?.into();
    [] CalmSession<M>, |handle| handle.calm().await?.into();
    [const SECONDS: u64,] Fresh<SECONDS, M>,
        |handle| Self::admit(handle.load().await?.into())?;
}

fn find<M: 'static>(request: &HttpRequest) -> Result<Handle, Rejection> {
    let name = type_name::<M>();
    let handle = request.session_handle_named::<M>();
    Ok(handle.ok_or(SessionError::NotAttached { name })?)
}
