use std::any::type_name;
use std::sync::{Mutex, PoisonError};

use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::{Build, Request, Response, Rocket, async_trait};
use session_core::{Policies, Reply, Sessions, named};

use crate::catcher::{self, Answer};
use crate::headers::{ResponseHeaders, replace};
use crate::slot::{self, Attached};

named! {
    /// The fairing that gives every request a session; the [crate's docs](crate) have an example.
    ///
    /// `M` distinguishes several sessions of one application; [`named`](Self::named) sets it.
    pub struct SessionFairing(Sessions);
}

impl SessionFairing {
    /// Creates the fairing for unnamed [`Session`](crate::Session) guards.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        sessions.into()
    }
}

impl<M> SessionFairing<M> {
    /// Serves `Session<N>` guards instead, beside fairings of other names.
    ///
    /// The launch is aborted if two fairings share a name or a cookie's name, or if both have
    /// [bearers](session_core::Carrier). The
    /// [crate's docs](crate) have an example.
    #[must_use]
    pub fn named<N>(self) -> SessionFairing<N> {
        self.renamed()
    }
}

#[async_trait]
impl<M: 'static> Fairing for SessionFairing<M> {
    fn info(&self) -> Info {
        Info {
            name: "Session",
            kind: Kind::Ignite | Kind::Response,
        }
    }

    async fn on_ignite(&self, mut rocket: Rocket<Build>) -> fairing::Result {
        let name = type_name::<M>();
        if Attached::<M>::to(&rocket).is_ok() {
            tracing::error!("there are two session fairings `{name}`; call `named` on one of them");
            return Err(rocket);
        }
        if rocket.state::<Policies>().is_none() {
            rocket = rocket.manage(Policies::default());
        }
        let policies: Option<&Policies> = rocket.state();
        if let Some(problem) = policies.and_then(|policies| policies.add(self.policy())) {
            tracing::error!("the session fairing `{name}` and another {problem}");
            return Err(rocket);
        }
        let attached = Attached::<M>::from(self.inner.clone());
        Ok(catcher::register(rocket).manage(attached))
    }

    // The cookies are set only here: Rocket drops its jar's cookies when a catcher answers.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(guard) = slot::slot::<M>(request).get() else {
            return;
        };
        let committed = guard.commit(response.status().code).await;
        let reply = committed.unwrap_or_else(|failed| {
            let (error, reply) = failed.into_parts();
            replace(response, Answer::new::<M>(request, &error).respond());
            reply
        });
        if request.rocket().state().is_some_and(Policies::are_several) {
            let Replies(replies) = request.local_cache(Replies::default);
            let mut replies = replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies.push(reply);
            for reply in replies.iter() {
                reply.clone().apply(&mut ResponseHeaders(response));
            }
        } else {
            reply.apply(&mut ResponseHeaders(response));
        }
    }
}

/// The replies of a request's sessions, so that a later session's failure keeps the earlier ones.
#[derive(Default)]
struct Replies(Mutex<Vec<Reply>>);
