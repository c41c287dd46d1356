use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use rocket::request::{FromRequest, Outcome};
use rocket::{Ignite, Request, Rocket, Sentinel, async_trait};
use session_core::Handle;

use crate::attached::Attached;
use crate::catcher::Outage;
use crate::rejection::Rejection;
use crate::slot::Slot;
use crate::watch::Watch;

/// The visitor's session, loaded; dereferences to [`session_core::Session`].
///
/// Loading asks the store at most once a request, however many guards, forwards and catchers
/// there are, and not at all without a cookie. `M` says which fairing's session, if there are
/// [several](crate::SessionFairing::named). If a panic drops it, or a clone of it, the request
/// commits nothing. `Option<Session>` is none also if the store is down.
pub struct Session<M = ()> {
    inner: session_core::Session,
    watch: Watch,
    of: PhantomData<fn() -> M>,
}

impl<M> Session<M> {
    /// Returns the session as framework-free code knows it.
    ///
    /// It does not notice a panic; the status of 500 that follows still drops the changes.
    #[must_use]
    pub fn into_inner(self) -> session_core::Session {
        self.inner
    }
}

impl<M> Deref for Session<M> {
    type Target = session_core::Session;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

#[async_trait]
impl<'r, M: 'static> FromRequest<'r> for Session<M> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        let loaded = match find::<M>(request) {
            Ok(handle) => match handle.load().await {
                Ok(session) => Ok((session, handle)),
                Err(error) => Err(error.into()),
            },
            Err(rejection) => Err(rejection),
        };
        outcome(request, loaded).map(|(session, handle)| Self {
            inner: session,
            watch: Watch(handle.clone()),
            of: PhantomData,
        })
    }
}

impl<M: 'static> Sentinel for Session<M> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        Attached::<M>::is_missing(rocket)
    }
}

impl<M> Clone for Session<M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            watch: self.watch.clone(),
            of: PhantomData,
        }
    }
}

impl<M> fmt::Debug for Session<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// The visitor's session, not loaded; dereferences to [`session_core::Handle`].
///
/// For handlers that may not need the session, and for a logout that costs one delete:
/// [`Handle::destroy`].
pub struct SessionHandle<M = ()> {
    watch: Watch,
    of: PhantomData<fn() -> M>,
}

impl<M> SessionHandle<M> {
    /// Returns the handle as framework-free code knows it, which does not notice a panic.
    #[must_use]
    pub fn into_inner(self) -> Handle {
        self.watch.0.clone()
    }
}

impl<M> Deref for SessionHandle<M> {
    type Target = Handle;

    fn deref(&self) -> &Self::Target {
        &self.watch.0
    }
}

#[async_trait]
impl<'r, M: 'static> FromRequest<'r> for SessionHandle<M> {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        outcome(request, find::<M>(request)).map(|handle| Self {
            watch: Watch(handle.clone()),
            of: PhantomData,
        })
    }
}

impl<M: 'static> Sentinel for SessionHandle<M> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        Attached::<M>::is_missing(rocket)
    }
}

impl<M> Clone for SessionHandle<M> {
    fn clone(&self) -> Self {
        Self {
            watch: self.watch.clone(),
            of: PhantomData,
        }
    }
}

impl<M> fmt::Debug for SessionHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.watch.0.fmt(f)
    }
}

fn find<'r, M: 'static>(request: &'r Request<'_>) -> Result<&'r Handle, Rejection> {
    let name = type_name::<M>();
    let attached = request.rocket().state::<Attached<M>>();
    let attached = attached.ok_or(Rejection::MissingFairing { name })?;
    Ok(Slot::<M>::of(request).open(attached.sessions(), request))
}

fn outcome<T>(request: &Request<'_>, result: Result<T, Rejection>) -> Outcome<T, Rejection> {
    match result {
        Ok(found) => Outcome::Success(found),
        Err(rejection) => {
            // Rocket drops it before a catcher is asked.
            rejection.log();
            Outage::note(request, &rejection);
            Outcome::Error((rejection.status(), rejection))
        }
    }
}
