use session_core::{Session, SessionError};

use crate::Answer;
#[cfg(feature = "django")]
use crate::auth_user::AuthUser;

/// Whom the showcase signs in, without a password: anybody, or the users of a Django site.
#[derive(Debug, Clone)]
pub(crate) enum Users {
    Anybody,
    #[cfg(feature = "django")]
    Site(AuthUser),
}

/// A user who may be signed in.
pub(crate) enum User {
    Named(String),
    #[cfg(feature = "django")]
    Found {
        auth: session_core::django::Auth,
        id: String,
        password: String,
    },
}

impl Users {
    /// Finds a user; 401 if the site has no such one.
    #[cfg_attr(
        not(feature = "django"),
        allow(clippy::unused_async, reason = "a site is asked")
    )]
    pub(crate) async fn find(&self, name: String) -> Result<User, Answer> {
        match self {
            Self::Anybody => Ok(User::Named(name)),
            #[cfg(feature = "django")]
            Self::Site(site) => site.find(name).await,
        }
    }
}

impl User {
    pub(crate) fn sign_in(&self, session: &Session) -> Result<(), SessionError> {
        match self {
            Self::Named(name) => session.sign_in(name),
            #[cfg(feature = "django")]
            Self::Found { auth, id, password } => {
                auth.login(session, &session_core::django::User::new(id, password))
            }
        }
    }
}
