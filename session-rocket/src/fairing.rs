use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Orbit, Request, Response, Rocket, async_trait};
use session_core::{Finish, Handle, Reply, SessionError, Sessions};
use session_store::Sweeper;

use crate::attached::{Attached, CookieNames};
use crate::catcher::OutageCatcher;
use crate::headers::{ResponseHeaders, replace};
use crate::slot::Slot;

/// Gives every request a session; see the [crate's docs](crate) for an example.
///
/// `M` tells several sessions of one application apart; [`named`](Self::named) sets it.
pub struct SessionFairing<M = ()> {
    sessions: Sessions,
    sweep_every: Option<Duration>,
    /// From liftoff to shutdown.
    sweeper: Mutex<Option<Sweeper>>,
    of: PhantomData<fn() -> M>,
}

impl SessionFairing {
    /// Creates the fairing behind plain [`Session`](crate::Session) guards.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            sweep_every: Some(Duration::from_mins(1)),
            sweeper: Mutex::default(),
            of: PhantomData,
        }
    }
}

impl<M> SessionFairing<M> {
    /// Serves `Session<N>` guards instead, next to fairings of other names.
    ///
    /// Each name is attached once, and its cookie has a name of its own; otherwise the launch is
    /// aborted. The [crate's docs](crate) have an example.
    #[must_use]
    pub fn named<N>(self) -> SessionFairing<N> {
        SessionFairing {
            sessions: self.sessions,
            sweep_every: self.sweep_every,
            sweeper: self.sweeper,
            of: PhantomData,
        }
    }

    /// Sets how often expired sessions are removed, from liftoff to shutdown; default once a minute.
    ///
    /// An interval below a second is one second.
    #[must_use]
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweep_every = Some(interval);
        self
    }

    /// Removes no expired sessions, because the store does so itself or something else sweeps it.
    #[must_use]
    pub fn without_sweeper(mut self) -> Self {
        self.sweep_every = None;
        self
    }

    fn sweeper(&self) -> MutexGuard<'_, Option<Sweeper>> {
        self.sweeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<M: 'static> Fairing for SessionFairing<M> {
    fn info(&self) -> Info {
        Info {
            name: "Session",
            kind: Kind::Ignite | Kind::Liftoff | Kind::Response | Kind::Shutdown,
        }
    }

    async fn on_ignite(&self, mut rocket: Rocket<Build>) -> fairing::Result {
        let (name, cookie) = (type_name::<M>(), self.sessions.policy().cookie_name());
        if rocket.state::<Attached<M>>().is_some() {
            tracing::error!("there are two session fairings `{name}`; call `named` on one of them");
            return Err(rocket);
        }
        if rocket.state::<CookieNames>().is_none() {
            rocket = rocket.manage(CookieNames::default());
        }
        let names = rocket.state::<CookieNames>();
        if names.is_some_and(|names| !names.add(cookie)) {
            tracing::error!(
                "the session fairing `{name}` has the cookie `{cookie}` of another; each needs \
                 a name of its own"
            );
            return Err(rocket);
        }
        let attached = Attached::<M>::new(self.sessions.clone());
        Ok(OutageCatcher::register(rocket).manage(attached))
    }

    async fn on_liftoff(&self, _: &Rocket<Orbit>) {
        let start = |every| Sweeper::start(&self.sessions, every);
        *self.sweeper() = self.sweep_every.map(start);
    }

    // Only here: Rocket has taken its jar's cookies by now, and drops them when a catcher answers.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(handle) = Slot::<M>::of(request).opened() else {
            return;
        };
        match commit(handle, response.status().code).await {
            Ok(reply) => reply.apply(&mut ResponseHeaders(response)),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "session not committed"
                );
                replace(response, &error, request.rocket().state());
            }
        }
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        let sweeper = self.sweeper().take();
        if let Some(sweeper) = sweeper {
            sweeper.stop().await;
        }
    }
}

async fn commit(handle: &Handle, status: u16) -> Result<Reply, SessionError> {
    match handle.finish(status)? {
        Finish::Done(reply) => Ok(reply),
        Finish::Pending(pending) => pending.run().await,
    }
}

impl<M> fmt::Debug for SessionFairing<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionFairing")
            .field("name", &type_name::<M>())
            .field("sessions", &self.sessions)
            .field("sweep_every", &self.sweep_every)
            .finish_non_exhaustive()
    }
}
