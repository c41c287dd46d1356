use std::any::type_name;
use std::collections::BTreeSet;
use std::time::Duration;

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::response::Responder;
use rocket::tokio::spawn;
use rocket::tokio::sync::Mutex;
use rocket::tokio::time::sleep;
use rocket::{Build, Orbit, Request, Response, Rocket, async_trait};
use session_core::{Reply, Sessions, Sweeping, named};

use crate::catcher;
use crate::headers::{ResponseHeaders, replace};
use crate::rejection::Rejection;
use crate::slot::{self, Attached};

named! {
    /// Gives every request a session; see the [crate's docs](crate) for an example.
    ///
    /// `M` tells several sessions of one application apart; [`named`](Self::named) sets it.
    pub struct SessionFairing(Sessions) { sweeping: Sweeping }
}

impl SessionFairing {
    /// Creates the fairing behind plain [`Session`](crate::Session) guards.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        sessions.into()
    }
}

impl<M> SessionFairing<M> {
    /// Serves `Session<N>` guards instead, next to fairings of other names.
    ///
    /// Each name is attached once, and its cookie has a name of its own; otherwise the launch is
    /// aborted. The [crate's docs](crate) have an example.
    #[must_use]
    pub fn named<N>(self) -> SessionFairing<N> {
        self.renamed()
    }

    /// Sets how often expired sessions are removed, from liftoff to shutdown; default once a minute.
    ///
    /// An interval below a second is one second.
    #[must_use]
    pub fn sweep_every(mut self, interval: Duration) -> Self {
        self.sweeping = Sweeping::every(interval);
        self
    }

    /// Removes no expired sessions, because the store does so itself or something else sweeps it.
    #[must_use]
    pub fn without_sweeper(mut self) -> Self {
        self.sweeping = Sweeping::never();
        self
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
        let (name, cookie) = (type_name::<M>(), self.policy().cookie_name());
        if Attached::<M>::to(&rocket).is_ok() {
            tracing::error!("there are two session fairings `{name}`; call `named` on one of them");
            return Err(rocket);
        }
        if rocket.state::<CookieNames>().is_none() {
            rocket = rocket.manage(CookieNames::default());
        }
        if let Some(CookieNames(names)) = rocket.state()
            && !names.lock().await.insert(cookie.to_owned())
        {
            tracing::error!(
                "the session fairing `{name}` has the cookie `{cookie}` of another; each needs \
                 a name of its own"
            );
            return Err(rocket);
        }
        let attached = Attached::<M>::from(self.inner.clone());
        Ok(catcher::register(rocket).manage(attached))
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let sessions = self.inner.clone();
        spawn(self.sweeping.run(sessions, sleep, rocket.shutdown()));
    }

    // Only here: Rocket has taken its jar's cookies by now, and drops them when a catcher answers.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(guard) = slot::slot::<M>(request).get() else {
            return;
        };
        let committed = guard.commit(response.status().code).await;
        let Replies(replies) = request.local_cache(Replies::default);
        let mut replies = replies.lock().await;
        replies.push(committed.unwrap_or_else(|failed| {
            let (error, reply) = failed.into_parts();
            replace(response, Rejection(error).respond_to(request));
            reply
        }));
        for reply in replies.iter() {
            reply.apply(&mut ResponseHeaders(response));
        }
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        self.sweeping.ended().await;
    }
}

/// The names of the cookies of all session fairings.
#[derive(Default)]
struct CookieNames(Mutex<BTreeSet<String>>);

/// What the sessions of a request have to say, so that the failure of one takes nothing from those
/// before it.
#[derive(Default)]
struct Replies(Mutex<Vec<Reply>>);
