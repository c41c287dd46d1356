use std::any::type_name;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rocket::{Ignite, Rocket};
use session_core::Sessions;

use crate::rejection::Rejection;

/// The managed state that a fairing leaves for the guards of its name.
pub(crate) struct Attached<M> {
    sessions: Sessions,
    of: PhantomData<fn() -> M>,
}

impl<M: 'static> Attached<M> {
    pub(crate) fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            of: PhantomData,
        }
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Says, also to the log, whether a launch has to be aborted because there is no fairing.
    pub(crate) fn is_missing(rocket: &Rocket<Ignite>) -> bool {
        let missing = rocket.state::<Self>().is_none();
        if missing {
            let name = type_name::<M>();
            tracing::error!("{}", Rejection::MissingFairing { name });
        }
        missing
    }
}

/// The names of the cookies of all session fairings.
#[derive(Debug, Default)]
pub(crate) struct CookieNames(Mutex<BTreeSet<String>>);

impl CookieNames {
    /// Adds a name, and says whether it is new.
    pub(crate) fn add(&self, name: &str) -> bool {
        self.names().insert(name.to_owned())
    }

    /// Says whether a `Set-Cookie` is of one of the names.
    pub(crate) fn own(&self, set_cookie: &str) -> bool {
        let pair = set_cookie.split_once('=');
        pair.is_some_and(|(name, _)| self.names().contains(name))
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
